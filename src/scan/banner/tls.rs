//! TLS: a handshake with anybody, for a look at who is behind it. Nothing is trusted and nothing is secret here, so
//! certificates are only read; the rest is rustls's.

use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{ClientConnection, Resumption};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme, version};

use super::certificate;
use super::probe::{Request, Whom, speaks_first_inside_tls};
use super::signs::shown;
use super::stream::{End, Heard, Recorded, Wait, hear};

/// What a handshake came to.
pub(super) struct Session {
    /// Version, protocol, names; none where there was no TLS.
    pub(super) words: Option<String>,
    /// What was said to the port, inside TLS where it came so far.
    pub(super) sent: Vec<u8>,
    /// What it said to that.
    pub(super) heard: Heard,
}

/// Shakes hands with whoever is behind `stream`, then asks or listens inside; `patience` for each of both.
pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    whom: &Whom,
    patience: Duration,
) -> Session {
    let listens = speaks_first_inside_tls(whom.address.port());
    let witness = Arc::new(Witness::default());
    let mut config = ClientConfig::clone(&CONFIG);
    config.dangerous().set_certificate_verifier(witness.clone());
    if !listens {
        // What comes inside is HTTP, and of that the version that is text.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    let (stream, record) = Recorded::new(stream, MOST);
    let connecting = TlsConnector::from(Arc::new(config)).connect(server_name(whom), stream);
    match timeout(patience, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(mut stream) => {
            let words = [Some(agreed(stream.get_ref().1)), witness.words()].into_iter().flatten();
            let words = Some(words.collect::<Vec<_>>().join(", "));
            let sent = if listens { Vec::new() } else { Request::Head.bytes(whom) };
            let heard = match timeout(patience, say(&mut stream, &sent)).await {
                Ok(Err(error)) => Heard { bytes: Vec::new(), end: End::Failed(error) },
                _ => hear(&mut stream, patience, wait).await,
            };
            Session { words, sent, heard }
        }
        Err(error) => {
            let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
            let (sent, bytes) = (std::mem::take(&mut record.sent), std::mem::take(&mut record.received));
            let end = if error.kind() == io::ErrorKind::TimedOut { End::Open } else { End::Failed(error) };
            // A server that wants a certificate of ours has shown its own first.
            let words = witness.words().map(|names| format!("TLS, {names}, then no session"));
            Session { words, sent, heard: Heard { bytes, end } }
        }
    }
}

/// Text is what has a name inside TLS.
fn wait(bytes: &[u8]) -> Wait {
    if bytes.ends_with(b"\n") { Wait::Short } else { Wait::Long }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// The version and the protocol that were agreed on.
fn agreed(connection: &ClientConnection) -> String {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    connection.alpn_protocol().map_or_else(|| version.to_owned(), |alpn| format!("{version}, ALPN {}", shown(alpn)))
}

/// A name where we have one, so that a server of many shows the right certificate.
fn server_name(whom: &Whom) -> ServerName<'static> {
    let name = whom.name.as_ref().and_then(|name| ServerName::try_from(name.to_string()).ok());
    name.unwrap_or_else(|| ServerName::IpAddress(whom.address.ip().into()))
}

/// Believes everything, and keeps the certificate that it was shown.
#[derive(Debug, Default)]
struct Witness {
    seen: Mutex<Option<Vec<u8>>>,
}

impl Witness {
    fn words(&self) -> Option<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).as_deref().map(certificate::describe)
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER.signature_verification_algorithms.supported_schemes()
    }
}

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));

static CONFIG: LazyLock<ClientConfig> = LazyLock::new(|| {
    let config = ClientConfig::builder_with_provider(PROVIDER.clone())
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .expect("ring has ciphers for both versions");
    let mut config =
        config.dangerous().with_custom_certificate_verifier(Arc::<Witness>::default()).with_no_client_auth();
    // Nobody is visited twice.
    config.resumption = Resumption::disabled();
    config
});

/// A handshake is at most 64 KiB (rustls refuses more of a single message); what comes behind it is cut elsewhere.
const MOST: usize = 256 * 1024;
