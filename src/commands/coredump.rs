//! Coredump: the file that a crash leaves behind. What is in our memory while we hold secrets is not for it.

/// Forbids it from now on. Where it cannot be forbidden, it is what it was.
pub(super) fn forbid() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
