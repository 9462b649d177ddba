//! Work beside requests: deliveries, the audit's seal, housekeeping. Each stops when told to and
//! finishes its round first.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use idp_core::admin::configuration::Difference;
use idp_core::base::fault::Fault;
use idp_core::flow::{Failure, RequestContext};
use idp_core::store::changes::Changed;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::http::context::Arrival;
use crate::http::site::Shared;
use crate::listen::stop::Stop;
use crate::outside::audit_heads::AuditHeads;
use crate::wiring::Installation;
use deliveries::Deliveries;

mod deliveries;
mod rounds;

/// Starts all workers; they end when told to stop.
pub fn start(installation: &Installation, stop: &Stop) -> JoinSet<()> {
    let (site, holder) = (&installation.site, &installation.node);
    let mut workers = JoinSet::new();
    let second = Duration::from_secs(1);
    let minute = Duration::from_secs(60);
    workers.spawn(deliver(site.clone(), stop.clone()));
    let sealer = holder.clone();
    let seal = in_time(move |site| {
        let holder = sealer.clone();
        async move { rounds::seal(site, holder).await.map(drop) }
    });
    workers.spawn(every(second, site.clone(), stop.clone(), seal));
    let write = in_time(rounds::write_refusals);
    workers.spawn(every(minute, site.clone(), stop.clone(), write));
    let (renewer, maker) = (holder.clone(), installation.key_maker.clone());
    let renew = in_time(move |site| rounds::renew_keys(site, renewer.clone(), maker.clone()));
    workers.spawn(every(10 * second, site.clone(), stop.clone(), renew));
    let status = installation.status.clone();
    let prefetch = in_time(move |site| rounds::prefetch_lists(site, status.clone()));
    workers.spawn(every(minute, site.clone(), stop.clone(), prefetch));
    let judge = holder.clone();
    let judge = in_time(move |site| rounds::judge_certificate_sessions(site, judge.clone()));
    let period = site.provider.policy.lifetimes.certificate_check;
    workers.spawn(every(period, site.clone(), stop.clone(), judge));
    let holder = holder.clone();
    let unused = Arc::new(Mutex::default());
    let clean = in_time(move |site| rounds::clean(site, holder.clone(), unused.clone()));
    workers.spawn(every(minute, site.clone(), stop.clone(), clean));
    workers
}

/// The round, for a node whose clock agrees with that of the store: what leases, ends and
/// signatures of another time would do is worse than a pause.
fn in_time<F, R>(round: F) -> impl Fn(Shared) -> BoxFuture<'static, Result<(), Failure>>
where
    F: Fn(Shared) -> R + Clone + Send + 'static,
    R: Future<Output = Result<(), Failure>> + Send,
{
    move |site| {
        let round = round.clone();
        Box::pin(async move {
            site.clock.check(site.provider.records.as_ref()).await?;
            round(site).await
        })
    }
}

/// Delivers what is due each second; when told to stop, it waits for the turns that were begun.
async fn deliver(site: Shared, stop: Stop) {
    let deliveries = Arc::new(Mutex::new(Deliveries::new(&site)));
    let taken_up = deliveries.clone();
    let round = in_time(move |_| {
        let deliveries = taken_up.clone();
        async move { deliveries.lock().await.round().await }
    });
    every(Duration::from_secs(1), site.clone(), stop, round).await;
    if let Err(failure) = deliveries.lock().await.finish().await {
        note(&site, failure);
    }
}

/// Compares this node's configuration with the other nodes', and says each difference: the node
/// goes on, is not ready, and serves again as the others do once one side is mended.
///
/// # Errors
/// A fault of the store.
pub async fn join(site: &Shared) -> Result<(), Fault> {
    let mut context = context(site)?;
    let differences = site
        .provider
        .join_nodes(&mut context)
        .await
        .map_err(fault)?;
    for Difference { key, agreed, here } in differences {
        tracing::warn!(
            key,
            agreed,
            here,
            "the other nodes have another configuration; see `idp node compare`"
        );
    }
    Ok(())
}

/// Reads the keys anew as soon as another node says that they may have changed. On a store that
/// only this process uses there is nothing to follow.
pub fn follow(workers: &mut JoinSet<()>, installation: &Installation, stop: &Stop) {
    let Some(changes) = installation.store.changes() else {
        return;
    };
    let (site, signer) = (installation.site.clone(), installation.signer.clone());
    let mut stop = stop.clone();
    workers.spawn(async move {
        let issuer = &site.provider.policy.issuer_key;
        let mut others = changes.listen();
        loop {
            let word = tokio::select! {
                word = others.heard() => word,
                () = stop.told() => return,
            };
            let concerns = matches!(word, Changed::Keys | Changed::Anything);
            if concerns && let Err(fault) = signer.refresh(issuer).await {
                site.note_fault(&fault, &arrival());
            }
        }
    });
}

/// Sends the newest head of the audit out each minute, and a last time when told to stop.
pub fn send_heads(workers: &mut JoinSet<()>, site: &Shared, heads: &Arc<AuditHeads>, stop: &Stop) {
    let heads = heads.clone();
    let round = move |site| rounds::send_head(site, heads.clone());
    let minute = Duration::from_secs(60);
    workers.spawn(every(minute, site.clone(), stop.clone(), round));
}

/// Seals what the workers' last rounds left, so that an orderly stop leaves nothing unsealed (but
/// what other nodes write meanwhile, which they seal), gives the sealer's lease back and sends the
/// last head out. A node whose clock is off leaves the sealing to the others.
///
/// # Errors
/// A fault of the store or the signer, or of where heads go.
pub async fn seal_last(site: &Shared, holder: &str, heads: &Arc<AuditHeads>) -> Result<(), Fault> {
    let sealed = async {
        match site.clock.check(site.provider.records.as_ref()).await {
            Ok(()) => while rounds::seal(site.clone(), holder.into()).await? {},
            Err(fault) => site.note_fault(&fault, &arrival()),
        }
        site.provider
            .release_sealer(holder, site.clock.now())
            .await?;
        rounds::send_head(site.clone(), heads.clone()).await
    };
    sealed.await.map_err(fault)
}

/// Runs a round each `period`, and one last round when told to stop. A round that fails is
/// logged and tried again a period later.
async fn every<F, R>(period: Duration, site: Shared, mut stop: Stop, round: F)
where
    F: Fn(Shared) -> R,
    R: Future<Output = Result<(), Failure>>,
{
    let mut failing = false;
    loop {
        let stopped = tokio::select! {
            () = tokio::time::sleep(period) => false,
            () = stop.told() => true,
        };
        match round(site.clone()).await {
            Ok(()) => failing = false,
            Err(failure) => {
                // A worker that keeps failing is logged when it begins to, not every second.
                if !failing {
                    note(&site, failure);
                }
                failing = true;
            }
        }
        if stopped {
            return;
        }
    }
}

fn note(site: &Shared, failure: Failure) {
    site.note_fault(&fault(failure), &arrival());
}

fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Fault(fault) => fault,
        Failure::Refused(refusal) => Fault::lasting("worker", refusal),
    }
}

/// A round's circumstances: the server itself, from nowhere.
fn context(site: &Shared) -> Result<RequestContext, Fault> {
    let mut context = site.context(&arrival())?;
    context.here.request = None;
    Ok(context)
}

fn arrival() -> Arrival {
    Arrival {
        request_id: "worker".to_owned(),
        address: None,
        user_agent: None,
        local_uid: None,
    }
}
