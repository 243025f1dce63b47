//! Tests of the ear: right streams, streams with one thing wrong, and bytes that are nothing at all.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::bench::{Connecting, Saying, Sizes, Workload};
use crate::framing::Framing;

const CONNECTION: u32 = 70_003;
const COUNT: u64 = 40;

fn workload(saying: Saying, framing: Framing) -> Workload {
    Workload { saying, framing, connecting: Connecting::Once, checking: Checking::EveryByte, seed: 5 }
}

fn numbered(sizes: Sizes, framing: Framing) -> Messages {
    Messages::new(&workload(Saying::Numbered(sizes), framing))
}

fn same(bytes: &[u8], framing: Framing) -> Messages {
    Messages::new(&workload(Saying::Same { bytes: bytes.to_vec(), name: "file".into() }, framing))
}

fn wire(messages: &Messages, number: u64) -> Vec<u8> {
    let wire = messages.wire(CONNECTION, number);
    let mut bytes = vec![0; wire.length()];
    assert_eq!(wire.write(0, &mut bytes), bytes.len());
    bytes
}

fn wires(messages: &Messages) -> Vec<Vec<u8>> {
    (0..COUNT).map(|number| wire(messages, number)).collect()
}

/// What is heard of `bytes`, all messages having been sent before, in reads of `reads` bytes by turns.
fn hear(messages: &Messages, bytes: &[u8], reads: &[usize]) -> Vec<Heard> {
    let mut ear = Ear::new(messages, CONNECTION, 0);
    ear.sent_up_to(COUNT);
    listen(&mut ear, messages, (bytes, reads))
}

fn listen(ear: &mut Ear, messages: &Messages, (mut bytes, reads): (&[u8], &[usize])) -> Vec<Heard> {
    let mut heard = Vec::new();
    for read in reads.iter().cycle() {
        let (now, rest) = bytes.split_at(bytes.len().min(*read));
        ear.take(messages, now, &mut |h| heard.push(h));
        bytes = rest;
        if rest.is_empty() {
            break;
        }
    }
    ear.end(messages, &mut |h| heard.push(h));
    heard
}

fn answers(heard: &[Heard]) -> Vec<u64> {
    heard.iter().filter_map(|h| if let Heard::Answer(number) = h { Some(*number) } else { None }).collect()
}

/// What is wrong: kind, count, and the beginning of the text, up to the first colon.
fn faults(heard: &[Heard]) -> Vec<(FaultKind, u64, String)> {
    let fault = |h: &Heard| match h {
        Heard::Answer(_) => None,
        Heard::Fault(f) => Some((f.kind, f.count, f.what.split(':').next().unwrap_or_default().to_owned())),
        Heard::Lost => panic!("lost: {heard:?}"),
    };
    heard.iter().filter_map(fault).collect()
}

fn place(number: usize, byte: usize) -> String {
    format!("message {number}, byte {byte}")
}

fn all_but(number: Option<usize>) -> Vec<u64> {
    (0..COUNT).filter(|n| Some(*n) != number.map(|n| n as u64)).collect()
}

fn agreed(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn framings() -> impl Strategy<Value = Framing> {
    select(&Framing::ALL[..])
}

fn reads() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![1]), Just(vec![65_536]), vec(1usize..100, 1..5), vec(1usize..3000, 1..5)]
}

fn telling_sizes() -> impl Strategy<Value = Sizes> {
    prop_oneof![
        (16u32..300).prop_map(Sizes::Fixed),
        (16u32..100, 100u32..600).prop_map(|(a, b)| Sizes::Between(a, b)),
        Just(Sizes::Weighted(vec![(16, 90), (1400, 10)])),
    ]
}

fn any_sizes() -> impl Strategy<Value = Sizes> {
    prop_oneof![
        telling_sizes(),
        (1u32..8).prop_map(Sizes::Fixed),
        (1u32..8, 8u32..40).prop_map(|(a, b)| Sizes::Between(a, b)),
    ]
}

proptest! {
    #[test]
    fn a_right_stream_is_all_answers_in_order_however_it_is_cut(
        sizes in any_sizes(), framing in framings(), reads in reads(), checking in select(vec![Checking::EveryByte, Checking::Lengths])
    ) {
        let mut workload = workload(Saying::Numbered(sizes), framing);
        workload.checking = checking;
        let messages = Messages::new(&workload);
        let heard = hear(&messages, &wires(&messages).concat(), &reads);
        prop_assert_eq!(faults(&heard), vec![]);
        prop_assert_eq!(answers(&heard), all_but(None));
    }

    #[test]
    fn a_changed_byte_is_corrupt(
        sizes in telling_sizes(), framing in framings(), reads in reads(), (at, byte, by) in (0usize..40, any::<Index>(), 1u8..)
    ) {
        let messages = numbered(sizes, framing);
        let mut wires = wires(&messages);
        let byte = byte.index(wires[at].len());
        wires[at][byte] ^= by;
        let heard = hear(&messages, &wires.concat(), &reads);
        prop_assert_eq!(faults(&heard), vec![(FaultKind::Corrupt, 1, place(at, byte))]);
        prop_assert_eq!(answers(&heard), all_but(Some(at)));
    }

    #[test]
    fn an_answer_left_out_is_missing(
        sizes in telling_sizes(), framing in framings(), reads in reads(), at in 0usize..39
    ) {
        let messages = numbered(sizes, framing);
        let mut wires = wires(&messages);
        wires.remove(at);
        let heard = hear(&messages, &wires.concat(), &reads);
        prop_assert_eq!(faults(&heard), vec![(FaultKind::Missing, 1, place(at, 0))]);
        prop_assert_eq!(answers(&heard), all_but(Some(at)));
    }

    #[test]
    fn an_answer_that_comes_again_is_a_duplicate(
        sizes in telling_sizes(), framing in framings(), reads in reads(), (at, behind) in (0usize..40, 0usize..40)
    ) {
        let messages = numbered(sizes, framing);
        let mut wires = wires(&messages);
        let copy = wires[at].clone();
        wires.insert((at + 1 + behind).min(40), copy);
        let heard = hear(&messages, &wires.concat(), &reads);
        prop_assert_eq!(faults(&heard), vec![(FaultKind::Duplicate, 1, place(at, 0))]);
        prop_assert_eq!(answers(&heard), all_but(None));
    }

    #[test]
    fn two_answers_that_changed_places_are_one_out_of_order(
        sizes in telling_sizes(), framing in framings(), reads in reads(), at in 0usize..39
    ) {
        let messages = numbered(sizes, framing);
        let mut wires = wires(&messages);
        wires.swap(at, at + 1);
        let heard = hear(&messages, &wires.concat(), &reads);
        prop_assert_eq!(faults(&heard), vec![(FaultKind::Reordered, 1, place(at, 0))]);
        let mut order = all_but(None);
        order.swap(at, at + 1);
        prop_assert_eq!(answers(&heard), order);
    }

    #[test]
    fn an_answer_that_lacks_bytes_is_cut(
        sizes in telling_sizes(), framing in framings(), reads in reads(), (at, from, to) in (0usize..40, any::<Index>(), any::<Index>())
    ) {
        let messages = numbered(sizes, framing);
        let mut wires = wires(&messages);
        let whole = wires[at].clone();
        let (from, to) = (from.index(whole.len()), to.index(whole.len()));
        let (from, to) = (from.min(to), from.max(to) + usize::from(from.min(to) > 0));
        prop_assume!(from < to);
        wires[at].drain(from..to);
        let byte = agreed(&wires[at], &whole);
        let heard = hear(&messages, &wires.concat(), &reads);
        prop_assert_eq!(faults(&heard), vec![(FaultKind::Cut, 1, place(at, byte))]);
        prop_assert!(format!("{heard:?}").contains(&counted((to - from) as u64, "byte")), "{:?}", heard);
        prop_assert_eq!(answers(&heard), all_but(Some(at)));
    }

    #[test]
    fn a_loss_from_one_answer_to_the_next_cuts_both(
        framing in framings(), reads in reads(), (at, from, to) in (0usize..38, 20usize..100, 1usize..60)
    ) {
        let messages = numbered(Sizes::Fixed(100), framing);
        let mut wires = wires(&messages);
        let (first, second) = (wires[at].clone(), wires[at + 1].clone());
        wires[at].truncate(from);
        wires[at + 1].drain(..to);
        // By chance one of them can be whole after all.
        let both = [&wires[at][..], &wires[at + 1]].concat();
        prop_assume!(!both.starts_with(&first) && !both.ends_with(&second));
        let heard = hear(&messages, &wires.concat(), &reads);
        let kinds: Vec<_> = faults(&heard).into_iter().map(|(kind, count, _)| (kind, count)).collect();
        prop_assert_eq!(kinds, vec![(FaultKind::Cut, 2)]);
        prop_assert_eq!(answers(&heard).len(), 38);
    }

    #[test]
    fn strange_bytes_between_answers_are_surplus(
        sizes in telling_sizes(), framing in framings(), reads in reads(), (at, strange) in (0usize..20, vec(any::<u8>(), 1..250))
    ) {
        let messages = numbered(sizes, framing);
        let mut wires = wires(&messages);
        let byte = agreed(&strange, &wires[at]);
        wires[at].splice(0..0, strange.iter().copied());
        let heard = hear(&messages, &wires.concat(), &reads);
        prop_assert_eq!(faults(&heard), vec![(FaultKind::Surplus, strange.len() as u64, place(at, byte))]);
        prop_assert_eq!(answers(&heard), all_but(None));
    }

    #[test]
    fn strange_bytes_within_an_answer_are_surplus_and_it_is_none(
        sizes in telling_sizes(), framing in framings(), reads in reads(),
        (at, byte, strange) in (0usize..20, any::<Index>(), vec(any::<u8>(), 1..250))
    ) {
        let messages = numbered(sizes, framing);
        let mut wires = wires(&messages);
        let whole = wires[at].clone();
        let byte = 1 + byte.index(whole.len() - 1);
        wires[at].splice(byte..byte, strange.iter().copied());
        let byte = agreed(&wires[at], &whole);
        // By chance it can be whole, with the strange bytes behind or before it.
        prop_assume!(byte < whole.len() && !wires[at].ends_with(&whole));
        let heard = hear(&messages, &wires.concat(), &reads);
        prop_assert_eq!(faults(&heard), vec![(FaultKind::Surplus, strange.len() as u64, place(at, byte))]);
        prop_assert_eq!(answers(&heard), all_but(Some(at)));
    }

    #[test]
    fn a_changed_byte_among_short_or_equal_messages_is_never_accepted(
        sizes in any_sizes(), framing in framings(), reads in reads(),
        (equal, byte, by) in (any::<bool>(), any::<Index>(), 1u8..)
    ) {
        let messages = if equal { same(b"abcab", framing) } else { numbered(sizes, framing) };
        let mut bytes = wires(&messages).concat();
        let byte = byte.index(bytes.len());
        bytes[byte] ^= by;
        let mut ear = Ear::new(&messages, CONNECTION, 0);
        ear.sent_up_to(COUNT);
        let heard = listen(&mut ear, &messages, (&bytes, &reads));
        let wrong = heard.iter().any(|h| !matches!(h, Heard::Answer(_)));
        prop_assert!(wrong, "{:?}", heard);
        prop_assert!(answers(&heard).len() < COUNT as usize);
        prop_assert!(answers(&heard).len() + 3 > COUNT as usize, "{:?}", heard);
    }
}

proptest! {
    // Unoptimised, each flood takes a while.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_bytes_at_all_make_it_panic_or_grow(
        sizes in any_sizes(), framing in framings(), reads in reads(),
        pieces in vec((0usize..45, 0usize..60, 0usize..60, vec(any::<u8>(), 0..30)), 1..60)
    ) {
        for messages in [numbered(sizes.clone(), framing), same(b"abcab", framing)] {
            let mut ear = Ear::new(&messages, CONNECTION, 0);
            ear.sent_up_to(COUNT);
            let mut bytes = Vec::new();
            for (number, from, length, strange) in &pieces {
                let wire = wire(&messages, *number as u64);
                bytes.extend(wire.iter().skip(*from).take(*length));
                bytes.extend(strange);
            }
            let mut heard = listen(&mut ear, &messages, (&bytes, &reads));
            let mut numbers = answers(&heard);
            prop_assert!(numbers.iter().all(|number| *number < COUNT));
            numbers.sort_unstable();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), answers(&heard).len());
            ear.sent_up_to(COUNT * 2);
            for _ in 0..3 {
                ear.take(&messages, &[b'x'; 40_000], &mut |h| heard.push(h));
            }
            prop_assert!(heard.ends_with(&[Heard::Lost]));
            prop_assert!(ear.unanswered() <= COUNT * 2);
        }
    }
}

/// One message under way at a time.
fn converse(messages: &Messages, answers: &[Vec<u8>]) -> Vec<Heard> {
    let mut ear = Ear::new(messages, CONNECTION, 0);
    let mut heard = Vec::new();
    for (sent, answer) in answers.iter().enumerate() {
        ear.sent_up_to(sent as u64 + 1);
        ear.take(messages, answer, &mut |h| heard.push(h));
        assert_eq!(ear.unanswered(), 0, "{heard:?}");
    }
    ear.end(messages, &mut |h| heard.push(h));
    heard
}

#[test]
fn with_one_under_way_a_wrong_answer_is_known_as_soon_as_it_is_whole() {
    for messages in [
        numbered(Sizes::Fixed(3), Framing::Lines),
        numbered(Sizes::Fixed(64), Framing::Burst),
        same(b"hello hello", Framing::U16Be),
    ] {
        let mut wires = wires(&messages);
        for at in [0, 3, 4, 39] {
            wires[at][1] = b'#';
        }
        let heard = converse(&messages, &wires);
        assert_eq!(faults(&heard), [0, 3, 4, 39].map(|at| (FaultKind::Corrupt, 1, place(at, 1))));
        assert_eq!(answers(&heard).len(), 36);
    }
}

#[test]
fn a_fault_says_what_was_expected_and_what_came() {
    let messages = same(b"hello world", Framing::Lines);
    let mut wires = wires(&messages);
    wires[1][6..].copy_from_slice(b"\x1bheyo\n");
    let heard = converse(&messages, &wires);
    let [Heard::Fault(fault)] = &heard[1..2] else { panic!("{heard:?}") };
    assert_eq!(fault.what, r#"message 1, byte 6: expected "world\n", received "\u{1b}heyo\n""#);
}

#[test]
fn strange_bytes_before_the_last_answer_are_surplus_although_as_many_bytes_have_come_as_were_due() {
    for framing in Framing::ALL {
        let messages = numbered(Sizes::Fixed(16), framing);
        for (strange, read) in (1..=8).flat_map(|strange| [(strange, 1), (strange, 5), (strange, 1000)]) {
            let mut wires = wires(&messages);
            wires[39].splice(..0, vec![0xaa; strange]);
            let heard = hear(&messages, &wires.concat(), &[read]);
            let told = (FaultKind::Surplus, strange as u64, place(39, 0));
            assert_eq!((faults(&heard), answers(&heard)), (vec![told], all_but(None)), "{framing} {strange} {read}");
        }
    }
}

#[test]
fn bytes_that_come_unasked_are_surplus_and_later_answers_are_right() {
    let messages = numbered(Sizes::Fixed(50), Framing::Lines);
    let wires = wires(&messages);
    let mut ear = Ear::new(&messages, CONNECTION, 0);
    let mut heard = Vec::new();
    ear.take(&messages, &[b'!'; 90], &mut |h| heard.push(h));
    ear.sent_up_to(1);
    ear.take(&messages, &wires[0], &mut |h| heard.push(h));
    ear.sent_up_to(2);
    ear.take(&messages, &wires[1], &mut |h| heard.push(h));
    ear.take(&messages, b"more", &mut |h| heard.push(h));
    ear.end(&messages, &mut |h| heard.push(h));
    let [Heard::Fault(first), Heard::Answer(0), Heard::Answer(1), Heard::Fault(last)] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!((first.kind, first.count), (FaultKind::Surplus, 90));
    assert_eq!(last.what, "message 2, byte 0: 4 bytes before it was sent: received \"more\"");
}

#[test]
fn half_an_answer_at_the_end_is_cut_and_those_behind_it_are_just_unanswered() {
    for checking in [Checking::EveryByte, Checking::Lengths] {
        let mut workload = workload(Saying::Numbered(Sizes::Fixed(50)), Framing::Burst);
        workload.checking = checking;
        let messages = Messages::new(&workload);
        let mut ear = Ear::new(&messages, CONNECTION, 0);
        ear.sent_up_to(COUNT);
        let bytes = wires(&messages).concat();
        let heard = listen(&mut ear, &messages, (&bytes[..130], &[1000]));
        assert_eq!(faults(&heard), [(FaultKind::Cut, 1, place(2, 30))]);
        assert_eq!((answers(&heard), ear.unanswered()), (vec![0, 1], 37));
    }
}

#[test]
fn an_answer_that_stays_out_is_missing_once_thousands_of_later_ones_have_come() {
    let messages = numbered(Sizes::Fixed(20), Framing::Lines);
    let mut ear = Ear::new(&messages, CONNECTION, 0);
    let mut heard = Vec::new();
    ear.sent_up_to(10_000);
    for number in (0..10).chain(13..5000) {
        ear.take(&messages, &wire(&messages, number), &mut |h| heard.push(h));
        if number == 4000 {
            assert_eq!((ear.oldest(), ear.next()), (10, 4001));
        }
    }
    assert_eq!(faults(&heard), [(FaultKind::Missing, 3, place(10, 0))]);
    assert_eq!((ear.oldest(), answers(&heard).len()), (5000, 4997));
}

#[test]
fn a_stream_of_something_else_is_lost() {
    for messages in [numbered(Sizes::Fixed(100), Framing::U32Be), numbered(Sizes::Fixed(2), Framing::Lines)] {
        let mut ear = Ear::new(&messages, CONNECTION, 0);
        ear.sent_up_to(1_000_000);
        let mut heard = Vec::new();
        for _ in 0..100 {
            ear.take(&messages, &b"HTTP/1.1 400 ?? ".repeat(100), &mut |h| heard.push(h));
        }
        ear.end(&messages, &mut |h| heard.push(h));
        let [Heard::Fault(fault), Heard::Lost] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!((fault.kind, fault.count), (FaultKind::Corrupt, 1));
    }
}
