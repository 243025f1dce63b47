//! Gate: what everybody is to do, told once and seen by all workers, whether they run a byte loop or a runtime. Orders
//! only get stricter.

use std::sync::{Arc, Mutex, PoisonError};

use mio::Waker;
use tokio::sync::watch;

use crate::net::byteloop::Orders;
use crate::services::Converse;

pub(super) struct Gate {
    orders: watch::Sender<Orders>,
    loops: Mutex<Vec<Arc<Waker>>>,
    services: Mutex<Vec<Arc<dyn Converse>>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { orders: watch::Sender::new(Orders::Serve), loops: Mutex::default(), services: Mutex::default() }
    }
}

impl Gate {
    pub(super) fn order(&self, orders: Orders) {
        // They hear of it before the first conversation is ended by it; more than once does no harm.
        if orders > self.orders() {
            let services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
            services.iter().for_each(|service| service.heed(orders));
        }
        let stricter = self.orders.send_if_modified(|now| {
            let stricter = orders > *now;
            *now = orders.max(*now);
            stricter
        });
        if stricter {
            let loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
            // A loop that cannot be woken has ended.
            loops.iter().for_each(|waker| drop(waker.wake()));
        }
    }

    pub(super) fn orders(&self) -> Orders {
        *self.orders.borrow()
    }

    /// For a runtime: changes as they come.
    pub(super) fn watch(&self) -> watch::Receiver<Orders> {
        self.orders.subscribe()
    }

    /// Waits until the orders are these or stricter.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn reaches(&self, orders: Orders) {
        // The gate itself keeps the channel open, so waiting cannot fail.
        let _ = self.orders.subscribe().wait_for(|now| *now >= orders).await;
    }

    /// For a service: it hears of orders before they are obeyed.
    pub(super) fn tell_also(&self, service: Arc<dyn Converse>) {
        self.services.lock().unwrap_or_else(PoisonError::into_inner).push(service);
    }

    /// For a byte loop: it is woken when orders change.
    pub(super) fn wake_also(&self, waker: Arc<Waker>) {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
    }
}
