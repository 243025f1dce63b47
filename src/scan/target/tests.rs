//! What holds for targets: each address once, none that is excluded, and every refusal with its way out.

use proptest::prelude::*;

use super::*;

/// A resolver that knows two names and a zone.
fn resolve(name: &str) -> Result<Vec<SocketAddr>, NetError> {
    let found: &[&str] = match name {
        "both" => &["[2001:db8::5]:0", "192.0.2.5:0", "192.0.2.6:0"],
        "four" => &["192.0.2.5:0"],
        "fe80::1%eth0" => &["[fe80::1%7]:0"],
        "nobody" => &[],
        _ => return Err(NetError::new("resolve", name, std::io::Error::other("name or service not known"))),
    };
    Ok(found.iter().map(|address| address.parse().unwrap()).collect())
}

fn words(text: &str) -> Vec<Word> {
    text.split_whitespace().map(|word| word.parse().unwrap_or_else(|e| panic!("{word}: {e}"))).collect()
}

fn wanted(targets: &str, excluded: &str) -> Wanted {
    let (words, excluded) = (words(targets), words(excluded));
    Wanted { words, excluded, addresses: Addresses::First, families: Families::Both }
}

fn hosts(wanted: &Wanted) -> Vec<String> {
    let targets = Targets::new(wanted, &mut resolve).unwrap();
    let shown = |host: Host| match host.name {
        Some(name) => format!("{name}={}", host.address.ip()),
        None => host.address.ip().to_string(),
    };
    (0..targets.len()).map(|number| shown(targets.host(number))).collect()
}

#[test]
fn each_address_comes_once_whatever_names_it() {
    for (targets, excluded, left) in [
        ("192.0.2.1", "", &["192.0.2.1"][..]),
        ("192.0.2.2 192.0.2.1 192.0.2.1-2", "", &["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.0/30", "", &["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"]),
        ("192.0.2.0/30", "192.0.2.1-2", &["192.0.2.0", "192.0.2.3"]),
        ("192.0.2.4/31 192.0.2.8", "192.0.2.5 10.0.0.0/8", &["192.0.2.4", "192.0.2.8"]),
        ("::1 ::ffff:192.0.2.1 192.0.2.1", "", &["192.0.2.1", "::1"]),
        ("four", "", &["four=192.0.2.5"]),
        ("192.0.2.5 four", "", &["four=192.0.2.5"]),
        ("both", "", &["both=2001:db8::5"]),
        ("192.0.2.5/31", "four", &["192.0.2.4"]),
        ("2001:db8::5 192.0.2.7", "both", &["192.0.2.7"]),
        ("fe80::1%7 fe80::1%8 fe80::2%8", "fe80::1", &["fe80::2"]),
        ("fe80::1%7 fe80::1%8", "fe80::1%eth0", &["fe80::1"]),
    ] {
        assert_eq!(hosts(&wanted(targets, excluded)), left, "{targets} without {excluded}");
    }
}

#[test]
fn a_name_gives_as_many_addresses_as_it_is_asked_for() {
    let all = |families| Wanted { addresses: Addresses::All, families, ..wanted("both", "") };
    assert_eq!(hosts(&all(Families::Both)), ["both=192.0.2.5", "both=192.0.2.6", "both=2001:db8::5"]);
    assert_eq!(hosts(&all(Families::V4)), ["both=192.0.2.5", "both=192.0.2.6"]);
    assert_eq!(hosts(&all(Families::V6)), ["both=2001:db8::5"]);
    let first = Wanted { families: Families::V4, ..wanted("both", "") };
    assert_eq!(hosts(&first), ["both=192.0.2.5"]);
}

#[test]
fn a_zone_with_a_name_is_an_address_and_not_a_name() {
    let targets = Targets::new(&wanted("fe80::1%eth0", ""), &mut resolve).unwrap();
    let host = targets.host(0);
    assert_eq!((host.at(22), host.name), ("[fe80::1%7]:22".parse().unwrap(), None));
}

#[test]
fn what_makes_no_targets_is_told_with_the_way_out() {
    let six = |targets| Wanted { families: Families::V6, ..wanted(targets, "") };
    for (wanted, fix) in [
        (wanted("", ""), "there is no target"),
        (wanted("127.0.0.1", "127.0.0.0/8"), "every target is excluded"),
        (wanted("somebody", ""), "cannot resolve somebody: name or service not known; check the name"),
        (wanted("127.0.0.1", "somebody"), "cannot resolve somebody"),
        (wanted("nobody", ""), "`nobody` has no IP address"),
        (six("four"), "`four` has no IPv6 address"),
        (six("127.0.0.1"), "`127.0.0.1` is of the other family"),
        (wanted("fe80::1", ""), "`fe80::1` is link-local, so it says nothing without an interface; write fe80::1%eth0"),
        (wanted("fe80::/120", ""), "`fe80::/120` is link-local"),
        (wanted("2001:db8::/64", ""), "`2001:db8::/64` is 18446744073709551616 addresses"),
        (wanted("::/0", ""), "at most 4294967296"),
        (wanted("0.0.0.0/0 ::1", ""), "these targets are 4294967297 addresses"),
    ] {
        let error = Targets::new(&wanted, &mut resolve).unwrap_err();
        assert!(error.to_string().contains(fix), "{error}");
    }
}

#[test]
fn a_large_block_costs_a_few_words_and_knows_its_ends() {
    let targets = Targets::new(&wanted("0.0.0.0/0", "10.0.0.0/8 255.255.255.255"), &mut resolve).unwrap();
    assert_eq!(targets.blocks.len(), 2);
    assert_eq!(targets.len(), (1 << 32) - (1 << 24) - 1);
    let ip = |number| targets.host(number).address.ip().to_string();
    assert_eq!(
        [ip(0), ip((10 << 24) - 1), ip(10 << 24), ip(targets.len() - 1)],
        ["0.0.0.0", "9.255.255.255", "11.0.0.0", "255.255.255.254"]
    );
}

#[test]
fn public_addresses_are_counted_once() {
    for (targets, public) in [
        ("127.0.0.1 ::1 192.168.1.0/24", 0),
        ("192.0.2.0/24 192.0.2.7 10.0.0.1", 256),
        ("9.255.255.255-10.0.0.5 both", 2),
    ] {
        assert_eq!(Targets::new(&wanted(targets, ""), &mut resolve).unwrap().public(), public, "{targets}");
    }
}

/// A range within a /24, so that ranges meet.
fn range() -> impl Strategy<Value = (u8, u8)> {
    (any::<u8>(), 0u8..40).prop_map(|(first, more)| (first, first.saturating_add(more)))
}

proptest! {
    #[test]
    fn hosts_are_what_sets_of_addresses_say(
        targets in prop::collection::vec(range(), 1..8),
        excluded in prop::collection::vec(range(), 0..8),
    ) {
        let set = |ranges: &[(u8, u8)]| -> BTreeSet<u8> { ranges.iter().flat_map(|(first, last)| *first..=*last).collect() };
        let text = |ranges: &[(u8, u8)]| -> String {
            ranges.iter().map(|(first, last)| format!("192.0.2.{first}-{last} ")).collect()
        };
        let left: Vec<String> = set(&targets).difference(&set(&excluded)).map(|octet| format!("192.0.2.{octet}")).collect();
        let wanted = wanted(&text(&targets), &text(&excluded));
        if left.is_empty() {
            prop_assert!(matches!(Targets::new(&wanted, &mut resolve), Err(TargetsError::AllExcluded)));
        } else {
            prop_assert_eq!(hosts(&wanted), left);
        }
    }
}
