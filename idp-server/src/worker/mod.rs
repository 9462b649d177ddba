//! Work beside requests: deliveries, the audit's seal, housekeeping. Each stops when told to and
//! finishes its round first.

use std::future::Future;
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::flow::{Failure, RequestContext};
use tokio::task::JoinSet;

use crate::http::context::Arrival;
use crate::http::site::Shared;
use crate::listen::stop::Stop;

mod rounds;

/// Starts all workers; they end when told to stop.
pub fn start(site: &Shared, holder: &str, stop: &Stop) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    let second = Duration::from_secs(1);
    let minute = Duration::from_secs(60);
    let holder: std::sync::Arc<str> = holder.into();
    workers.spawn(every(second, site.clone(), stop.clone(), rounds::deliver));
    workers.spawn(every(second, site.clone(), stop.clone(), move |site| {
        rounds::seal(site, holder.clone())
    }));
    workers.spawn(every(
        minute,
        site.clone(),
        stop.clone(),
        rounds::write_refusals,
    ));
    workers.spawn(every(minute, site.clone(), stop.clone(), rounds::clean));
    workers
}

/// Seals what the workers' last round left, so that an orderly stop leaves nothing unsealed.
///
/// # Errors
/// A fault of the store or the signer.
pub async fn seal_last(site: &Shared, holder: &str) -> Result<(), Fault> {
    match rounds::seal(site.clone(), holder.into()).await {
        Ok(()) => Ok(()),
        Err(Failure::Fault(fault)) => Err(fault),
        Err(Failure::Refused(refusal)) => Err(Fault::lasting("worker", refusal)),
    }
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
    let fault = match failure {
        Failure::Fault(fault) => fault,
        Failure::Refused(refusal) => Fault::lasting("worker", refusal),
    };
    site.note_fault(&fault, &arrival());
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
