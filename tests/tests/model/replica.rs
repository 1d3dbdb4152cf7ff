//! One replica: the application in a runtime of its own, so that its death takes all of its tasks at once, wherever they
//! are, as the death of a process does.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use payment_core::ports::Ports;
use payment_server::{
    app::{App, Notifications},
    assemble,
    channels::ChannelRegistry,
    config::Config,
    lifecycle::Lifecycle,
    ports::{ReqwestHttp, SystemRandomness},
};
use payment_tests::app::SharedClock;
use tokio::runtime::{Handle, Runtime};

use super::wire::Wire;

/// How long a runtime may take to drop its tasks; more than any of them computes without a pause.
const BURIAL: Duration = Duration::from_secs(30);

/// A living or dead replica.
pub(crate) struct Replica {
    pub(crate) app: Arc<App>,
    pub(crate) notifications: Arc<Notifications>,
    pub(crate) wire: Arc<Wire>,
    lifecycle: Lifecycle,
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
}

impl Replica {
    pub(crate) async fn start(config: &Arc<Config>, registry: &ChannelRegistry, clock: &SharedClock) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let wire = Arc::new(Wire::new(ReqwestHttp::new(&config.channel_http).unwrap()));
        let ports = Ports {
            clock: Arc::new(clock.clone()),
            randomness: Arc::new(SystemRandomness),
            http: Arc::clone(&wire) as Arc<_>,
        };
        let lifecycle = Lifecycle::default();
        let (config, registry, of_app) = (Arc::clone(config), registry.clone(), lifecycle.clone());
        let app = runtime.spawn(async move { assemble::app(&config, &registry, &ports, of_app).await });
        let app = app.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
        let notifications = Arc::new(Notifications(Arc::clone(&app)));
        let (handle, runtime) = (runtime.handle().clone(), Mutex::new(Some(runtime)));
        Self { app, notifications, wire, lifecycle, handle, runtime }
    }

    /// Runs work inside; gives nothing if the replica dies before it is done.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let task = self.handle.spawn(work);
        tokio::select! {
            biased;
            done = task => match done {
                Ok(done) => Some(done),
                Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
                Err(_) => None,
            },
            () = self.wire.death() => {
                self.kill().await;
                None
            }
        }
    }

    /// Waits until nothing goes on inside any more, or it died of it.
    pub(crate) async fn idle(&self) {
        self.lifecycle.tasks.close();
        tokio::select! {
            () = self.lifecycle.tasks.wait() => {}
            () = self.wire.death() => self.kill().await,
        }
        self.lifecycle.tasks.reopen();
    }

    /// Ends everything inside where it stands.
    pub(crate) async fn kill(&self) {
        self.wire.die();
        let runtime = self.runtime.lock().unwrap().take();
        if let Some(runtime) = runtime {
            tokio::task::spawn_blocking(move || runtime.shutdown_timeout(BURIAL)).await.unwrap();
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.lock().unwrap().take() {
            runtime.shutdown_background();
        }
    }
}
