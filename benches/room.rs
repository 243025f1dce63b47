//! The room without sockets: what a join, a line, a whisper and a new nick cost among 10 to 10,000 members, from the
//! bytes that came to the bytes that would be sent to each member.
//!
//! `cargo bench --bench room`. An element is a delivery: a line for one member.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sockeye::simulation::Crowd;

/// What somebody does, and how many deliveries it is.
type Deed = fn(&mut Crowd) -> usize;

fn room(criterion: &mut Criterion) {
    let deeds: [(&str, Deed); 5] = [
        ("join and leave", |crowd| crowd.join() + crowd.leave()),
        ("line", Crowd::say),
        ("line, decided only", Crowd::decide),
        ("whisper", Crowd::whisper),
        ("nick", Crowd::rename),
    ];
    for (name, deed) in deeds {
        let mut group = criterion.benchmark_group(name);
        for members in [10, 100, 1_000, 10_000] {
            let mut crowd = Crowd::of(members);
            group.throughput(Throughput::Elements(deed(&mut crowd) as u64));
            group.bench_function(BenchmarkId::from_parameter(members), |bencher| bencher.iter(|| deed(&mut crowd)));
        }
    }
}

criterion_group!(benches, room);
criterion_main!(benches);
