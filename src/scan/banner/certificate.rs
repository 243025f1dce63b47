//! Certificate: the names in it, and when it ends. Whether it is true is not asked. Pure.

use std::collections::HashSet;
use std::net::IpAddr;

use jiff::Timestamp;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::signs::shown;

/// `certificate for example.org, www.example.org, until 2027-01-31`; the peer's part is escaped.
pub(super) fn describe(der: &[u8]) -> String {
    // `Raw` takes serial numbers and times that no certificate should have, but that some do.
    let Ok(certificate) = CertificateInner::<Raw>::from_der(der) else {
        return "a certificate that cannot be read".to_owned();
    };
    let mut names: Vec<String> = common_names(&certificate).chain(alternative_names(&certificate)).collect();
    let mut known = HashSet::new();
    names.retain(|name| known.insert(name.clone()));
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("certificate for {names}{more}, until {}", end(&certificate))
}

fn common_names(certificate: &CertificateInner<Raw>) -> impl Iterator<Item = String> {
    let attributes = certificate.tbs_certificate().subject().iter();
    attributes.filter(|attribute| attribute.oid == COMMON_NAME).map(|name| shown(name.value.value()))
}

fn alternative_names(certificate: &CertificateInner<Raw>) -> Vec<String> {
    let extensions = certificate.tbs_certificate().extensions().map_or(&[][..], Vec::as_slice);
    let extension = extensions.iter().find(|extension| extension.extn_id == ID_CE_SUBJECT_ALT_NAME);
    let names = extension.and_then(|extension| SubjectAltName::from_der(extension.extn_value.as_bytes()).ok());
    names.map(|names| names.0.iter().filter_map(name).collect()).unwrap_or_default()
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) | GeneralName::Rfc822Name(name) | GeneralName::UniformResourceIdentifier(name) => {
            Some(shown(name.as_bytes()))
        }
        GeneralName::IpAddress(bytes) => match bytes.as_bytes().len() {
            4 => <[u8; 4]>::try_from(bytes.as_bytes()).ok().map(|ip| IpAddr::from(ip).to_string()),
            16 => <[u8; 16]>::try_from(bytes.as_bytes()).ok().map(|ip| IpAddr::from(ip).to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The day, in UTC.
fn end(certificate: &CertificateInner<Raw>) -> String {
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    let end = i64::try_from(end).ok().and_then(|end| Timestamp::from_second(end).ok());
    end.map_or_else(|| "no day".to_owned(), |end| end.strftime("%Y-%m-%d").to_string())
}

/// RFC 4519 section 2.3.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Some have a thousand.
const MOST_NAMES: usize = 8;

#[cfg(test)]
pub(super) mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd};

    use super::*;

    /// A certificate for these names, whose key signs it, until the end of January 2031.
    pub(in crate::scan::banner) fn issue(names: &[&str]) -> (Vec<u8>, KeyPair) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, names[0]);
        params.subject_alt_names = names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params.not_after = date_time_ymd(2031, 1, 31);
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().der().to_vec(), key)
    }

    #[test]
    fn a_pranksters_name_is_escaped() {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "evil\x1b[2J\u{202e}");
        let key = KeyPair::generate().unwrap();
        let said = describe(params.self_signed(&key).unwrap().der());
        assert!(said.starts_with(r"certificate for evil\u{1b}[2J\u{202e}, until "), "{said}");
    }

    proptest::proptest! {
        #[test]
        fn no_certificate_breaks_a_line(bytes: Vec<u8>) {
            proptest::prop_assert!(!describe(&bytes).chars().any(char::is_control));
        }

        #[test]
        fn no_cut_certificate_breaks_anything(at: usize, byte: u8) {
            let mut der = issue(&["example.org"]).0;
            let at = at % der.len();
            der[at] = byte;
            proptest::prop_assert!(!describe(&der).chars().any(char::is_control));
            describe(&der[..at]);
        }
    }
}
