//! What the papers say of the tests: each that SECURITY.md names stands in the file that it names.

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_security_names_is_there() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(here.join("SECURITY.md")).unwrap();
    let mut named = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let mut source = None;
        for word in cell.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                let path = if word.starts_with("tests/") { here.join(word) } else { here.join("src").join(word) };
                source = Some(fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
            } else if let Some(source) = source.as_ref().filter(|_| word.contains('_')) {
                assert!(source.contains(&format!("fn {word}(")), "no test `{word}` where this row names it: {row}");
                named += 1;
            }
        }
    }
    assert!(named > 40, "only {named} tests were found in the table");
}
