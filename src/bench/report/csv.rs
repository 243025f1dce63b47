//! CSV: the measured time, a second a line, for spreadsheets and plots. Names and units are those of `Second`.

use std::io::{self, Write};

use super::document::{Document, Second};

/// A header, and a line for each second.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    document.seconds.iter().try_for_each(|second| row(second, out))
}

fn row(second: &Second, out: &mut dyn Write) -> io::Result<()> {
    let Second { at_us, lasted_us, sent, answered, bytes_in, faults, backlog, .. } = second;
    write!(out, "{at_us:.1},{lasted_us:.1},{sent},{answered},{bytes_in},{faults},")?;
    let Second { response_p50_us, response_p99_us, response_max_us, .. } = second;
    write!(out, "{response_p50_us:.1},{response_p99_us:.1},{response_max_us:.1},")?;
    let Second { service_p50_us, service_p99_us, service_max_us, .. } = second;
    writeln!(out, "{service_p50_us:.1},{service_p99_us:.1},{service_max_us:.1},{backlog}")
}

const HEADER: &str = "at_us,lasted_us,sent,answered,bytes_in,faults,response_p50_us,response_p99_us,response_max_us,\
                      service_p50_us,service_p99_us,service_max_us,backlog";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_those_of_the_document() {
        let second = Second {
            at_us: 1.0,
            lasted_us: 2.0,
            sent: 3,
            answered: 4,
            bytes_in: 5,
            faults: 6,
            response_p50_us: 7.0,
            response_p99_us: 8.0,
            response_max_us: 9.0,
            service_p50_us: 10.0,
            service_p99_us: 11.0,
            service_max_us: 12.0,
            backlog: 13,
        };
        let mut line = Vec::new();
        row(&second, &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        let named = HEADER.split(',').zip(line.trim_end().split(','));
        let named: Vec<_> = named.map(|(name, value)| format!("\"{name}\":{value}")).collect();
        assert_eq!(format!("{{{}}}", named.join(",")), serde_json::to_string(&second).unwrap());
    }
}
