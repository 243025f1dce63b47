//! Machine: how much of its time this machine had. Where it is a guest of another, the host may have given a part of it
//! to somebody else, and what is measured in such a time says little.

use std::fs;

/// Time of all processors since the machine started, in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MachineTime {
    total: u64,
    stolen: u64,
}

impl MachineTime {
    /// The share of the time since `before` that was given to other guests, from 0 to 1; nothing where no time has
    /// passed.
    pub(crate) fn share_since(&self, before: &Self) -> Option<f64> {
        // Ticks are counted for each processor by itself, and a sum can be read a little too low.
        let total = self.total.saturating_sub(before.total);
        let stolen = self.stolen.saturating_sub(before.stolen).min(total);
        (total > 0).then(|| stolen as f64 / total as f64)
    }
}

/// What it is now; nothing where the system does not say.
pub(crate) fn steal() -> Option<MachineTime> {
    read(&fs::read_to_string("/proc/stat").ok()?)
}

/// The first line of `/proc/stat`: `cpu user nice system idle iowait irq softirq steal guest guest_nice`.
fn read(stat: &str) -> Option<MachineTime> {
    let columns = stat.lines().next()?.strip_prefix("cpu ")?;
    // What our own guests used stands behind them, and is in the first two as well.
    let times: Vec<u64> =
        columns.split_ascii_whitespace().take(STEAL + 1).map_while(|time| time.parse().ok()).collect();
    Some(MachineTime { total: times.iter().sum(), stolen: *times.get(STEAL)? })
}

/// Where it stands: proc_stat(5).
const STEAL: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_a_share_of_all_time_between_two_readings() {
        let before = read("cpu  100 0 50 800 10 0 5 35 90 0\ncpu0 1 2 3").unwrap();
        let after = read("cpu  150 0 50 820 10 0 5 65 140 0\ncpu0 1 2 3").unwrap();
        assert_eq!(before, MachineTime { total: 1000, stolen: 35 });
        assert_eq!(after.share_since(&before), Some(0.3));
        assert_eq!(before.share_since(&before), None);
        assert_eq!(before.share_since(&after), None);
    }

    #[test]
    fn a_system_that_does_not_count_it_has_none() {
        for stat in ["", "cpu  1 2 3 4 5 6 7\n", "intr 1 2 3 4 5 6 7 8\n"] {
            assert_eq!(read(stat), None, "{stat:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_can_be_asked() {
        assert!(steal().is_some_and(|time| time.total > 0));
    }
}
