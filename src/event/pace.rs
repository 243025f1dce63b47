//! Pace: how many facts of a class may become lines before the sink's next window. At human speed each is told; above
//! `LIMIT` a second the rest is only counted and one summary stands for it. Knows no clock: the sink turns windows.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::Class;

/// Lines of one class in one window (a second): what a person can still skim, at a cost that no load notices.
pub(super) const LIMIT: u32 = 200;

/// The window that the sink has opened: its number, and which classes are muted in it because the one before
/// overflowed. One word, so that a worker reads it with one load.
#[derive(Debug, Default)]
pub(super) struct Window(AtomicU32);

impl Window {
    /// Opens the next window with these classes muted.
    pub(super) fn turn(&self, muted: impl Fn(Class) -> bool) {
        let number = (self.0.load(Relaxed) >> 2).wrapping_add(1) << 2;
        let flags = u32::from(muted(Class::Detail)) | u32::from(muted(Class::Connection)) << 1;
        self.0.store(number | flags, Relaxed);
    }
}

/// What one worker may still tell in the current window.
#[derive(Debug)]
pub(super) struct Allowance {
    window: Cell<u32>,
    left: [Cell<u32>; 2],
}

impl Allowance {
    pub(super) fn new(window: &Window) -> Self {
        // A number that the window does not have makes the first `take` fetch the allowance.
        Self { window: Cell::new(!window.0.load(Relaxed)), left: [Cell::new(0), Cell::new(0)] }
    }

    /// Whether one more fact of this class may be told.
    #[inline]
    pub(super) fn take(&self, window: &Window, class: Class) -> bool {
        let now = window.0.load(Relaxed);
        if now != self.window.get() {
            self.window.set(now);
            self.left[0].set(if now & 1 == 0 { LIMIT } else { 0 });
            self.left[1].set(if now & 2 == 0 { LIMIT } else { 0 });
        }
        let left = &self.left[class as usize];
        let allowed = left.get() > 0;
        left.set(left.get().saturating_sub(1));
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_allows_the_limit_and_the_next_one_as_much_again() {
        let window = Window::default();
        let allowance = Allowance::new(&window);
        let told = |class| (0..3 * LIMIT).filter(|_| allowance.take(&window, class)).count();
        assert_eq!(told(Class::Detail), LIMIT as usize);
        assert_eq!(told(Class::Connection), LIMIT as usize);
        window.turn(|_| false);
        assert_eq!(told(Class::Detail), LIMIT as usize);
    }

    #[test]
    fn a_muted_class_tells_nothing_and_the_other_is_untouched() {
        let window = Window::default();
        let allowance = Allowance::new(&window);
        window.turn(|class| class == Class::Detail);
        assert!(!allowance.take(&window, Class::Detail));
        assert!(allowance.take(&window, Class::Connection));
        window.turn(|_| false);
        assert!(allowance.take(&window, Class::Detail));
    }
}
