//! The server's plug: pulled once, when every channel has a refund under way.

use std::time::Duration;

use tokio::{
    sync::{Barrier, Notify, watch},
    time::timeout,
};

use super::{
    promise::{Broken, Kept},
    shop::Shop,
    stage::Stage,
};

/// How long the stories of the other channels are waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between the stories that want the server killed, and whoever holds the server.
pub(super) struct Plug {
    ready: Barrier,
    wanted: Notify,
    /// How long the next server took to start, or why there is none.
    pulled: watch::Sender<Option<Result<Duration, String>>>,
}

impl Plug {
    /// A plug that is pulled when so many stories want it.
    pub(super) fn new(stories: usize) -> Self {
        Self { ready: Barrier::new(stories), wanted: Notify::new(), pulled: watch::Sender::new(None) }
    }

    /// Waits until all stories want it, then kills the server, as `kill -9` does, and starts it again.
    pub(super) async fn obey(&self, stage: &mut Stage, shop: &Shop) {
        self.wanted.notified().await;
        let restarted = restart(stage, shop).await.map_err(|broken| broken.to_string());
        self.pulled.send_replace(Some(restarted));
    }

    /// Waits for the other stories, and until the server was killed and serves again. Tells how long its start took.
    pub(super) async fn pull(&self) -> Kept<Duration> {
        let all = timeout(PATIENCE, self.ready.wait()).await;
        if all.map_err(|_| Broken::new("another channel's refund never got under way"))?.is_leader() {
            self.wanted.notify_one();
        }
        let mut pulled = self.pulled.subscribe();
        let restarted = pulled.wait_for(Option::is_some).await;
        let restarted = restarted.map_err(|_| Broken::new("nobody holds the server"))?.clone();
        restarted.unwrap_or(Ok(Duration::ZERO)).map_err(Broken::new)
    }
}

async fn restart(stage: &mut Stage, shop: &Shop) -> Kept<Duration> {
    let failed = |failure| Broken::new(format!("the server: {failure}"));
    let away = shop.without_server().await;
    stage.kill_server().await.map_err(failed)?;
    let took = stage.restart_server().await.map_err(failed)?;
    shop.reconnected(away).await?;
    Ok(took)
}
