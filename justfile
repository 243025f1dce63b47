# What a change has to pass; the list itself stands in .ci/check
check:
    .ci/check

# The tests that need nothing but Rust
test:
    cargo test --locked

# Against nc, ncat, socat, telnet and python3, which have to be installed
interop:
    .ci/interop

# Right and wrong programs, judged, against what zoo.toml says (needs python3, cc and rustc)
zoo:
    .ci/zoo

# Dependencies: licences, sources, duplicates (needs cargo-deny)
deny:
    cargo deny --locked check bans licenses sources

# The README's first command, started, tried and stopped
demo:
    .ci/smoke

# All of it, as on a build machine
ci:
    .ci/run
