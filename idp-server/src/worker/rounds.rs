//! One round of each worker.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use idp_core::flow::Failure;
use idp_core::flow::admin::{Acting, Administration, key};
use idp_core::flow::certificate_sessions::CertificateRound;
use idp_core::flow::seal_audit::MOST_EVENTS;
use idp_core::model::key::KeyPurpose;
use idp_core::model::outbox::OutboxState;
use idp_core::store::change::Batch;
use idp_core::store::page::PageRequest;

use tokio::sync::Mutex;

use super::context;
use crate::http::admin::audit_head;
use crate::http::site::Shared;
use crate::outside::audit_heads::AuditHeads;
use crate::outside::certificate_status::SharedStatus;
use crate::outside::key_maker::SealedKeyMaker;

/// What is over is kept this long before housekeeping removes it.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
const MOST_ROWS: u32 = 1_000;

/// The lease of the clean-up, and how long it is held: longer than a minute, so that the same node
/// keeps it, and another has it two minutes after that node is gone.
const CLEANER: &str = "housekeeping";
const CLEANING: Duration = Duration::from_secs(90);

/// Tells how much waits.
pub(super) async fn measure_outbox(site: &Shared) -> Result<(), Failure> {
    let paused = site.provider.receivers.paused(site.clock.now());
    metrics::gauge!("idp_outbox_receivers_paused").set(count(paused));
    let page = PageRequest::first(500);
    let waiting = site
        .provider
        .records
        .outbox(Some(OutboxState::Pending), &page)
        .await?;
    // One page is enough to see that something is wrong; counting on would cost more than it tells.
    metrics::gauge!("idp_outbox_pending").set(count(waiting.entries.len()));
    Ok(())
}

/// Seals some of the audit, and lets the head leave the machine with the log. Answers whether more
/// waited than one block holds.
pub(super) async fn seal(site: Shared, holder: Arc<str>) -> Result<bool, Failure> {
    let context = context(&site)?;
    let sealed = site.provider.seal_audit(&holder, &context).await?;
    if let Some(head) = &sealed {
        tracing::info!(
            target: "idp::audit::head",
            number = head.number,
            last = head.last,
            digest = %head.digest().to_base64url(),
            "audit block sealed"
        );
    }
    let records = &site.provider.records;
    let last = records
        .last_block()
        .await?
        .map_or(0, |block| block.head.last);
    let unsealed = records.events_after(last, 1_000).await?.len();
    metrics::gauge!("idp_audit_unsealed").set(count(unsealed));
    Ok(sealed.is_some_and(|head| head.count >= i64::from(MOST_EVENTS)))
}

/// Lets the newest head leave the machine, when it is another than the last time.
pub(super) async fn send_head(site: Shared, heads: Arc<AuditHeads>) -> Result<(), Failure> {
    let block = site.provider.records.last_block().await?;
    let Some(block) = block.filter(|block| heads.wants(block.head.number)) else {
        return Ok(());
    };
    Ok(heads.send(&audit_head(&block)).await?)
}

fn count(entries: usize) -> f64 {
    f64::from(u32::try_from(entries).unwrap_or(u32::MAX))
}

/// Makes the keys that the schedule asks for. Not at a node that was told otherwise than the others:
/// its schedule, and how long it announces and publishes, are not theirs.
pub(super) async fn renew_keys(
    site: Shared,
    holder: Arc<str>,
    maker: Arc<SealedKeyMaker>,
) -> Result<(), Failure> {
    if !site.provider.configuration_differences().await?.is_empty() {
        return Ok(());
    }
    let context = context(&site)?;
    let provider = site.provider.clone();
    let mut desk = Administration::new(provider, context, Acting::Installation);
    let renewed = key::renew(&mut desk, &holder, maker.as_ref()).await?;
    for added in renewed.rotated.iter().filter_map(|r| r.added.as_ref()) {
        let purpose = match added.purpose {
            KeyPurpose::Token => "token",
            KeyPurpose::Audit => "audit",
            KeyPurpose::Refresh => "refresh",
            KeyPurpose::Encryption => "encryption",
        };
        metrics::counter!("idp_key_rotations_total", "purpose" => purpose).increment(1);
        let (kid, algorithm) = (&added.kid, &added.algorithm);
        tracing::info!(kid, algorithm, purpose, "key made by schedule");
    }
    metrics::gauge!("idp_keys_overdue").set(count(renewed.overdue));
    renewed.failure.map_or(Ok(()), Err)
}

/// Writes the counted refusals.
pub(super) async fn write_refusals(site: Shared) -> Result<(), Failure> {
    let mut context = context(&site)?;
    let issuer = &site.provider.policy.issuer_key;
    let taken = site.refusals.take();
    let events = taken.events(issuer, context.here.now, &mut context.entropy);
    let written = site
        .provider
        .commit(Batch {
            changes: Vec::new(),
            events,
        })
        .await;
    if let Err(failure) = written {
        site.refusals.put_back(taken);
        return Err(failure);
    }
    Ok(())
}

/// Fetches revocation lists before they are over. Of many nodes one asks at a time, and the others
/// find what it kept.
pub(super) async fn prefetch_lists(site: Shared, status: SharedStatus) -> Result<(), Failure> {
    let trust = site.provider.trust().await?;
    status.prefetch(&trust, site.clock.now()).await;
    Ok(())
}

/// Ends sessions whose certificate does not count any more; one node of all.
pub(super) async fn judge_certificate_sessions(
    site: Shared,
    holder: Arc<str>,
) -> Result<(), Failure> {
    let mut context = context(&site)?;
    let judged = site
        .provider
        .judge_certificate_sessions(&holder, &mut context)
        .await?;
    if let Some(round) = judged {
        metrics::counter!("idp_certificate_sessions_ended_total").increment(round.ended.into());
        if round.ended > 0 {
            let CertificateRound { judged, ended } = round;
            tracing::warn!(judged, ended, "sessions ended with their certificates");
        }
    }
    Ok(())
}

/// Removes what is over; one node of all. `unused` is what the last round found of pictures.
pub(super) async fn clean(
    site: Shared,
    holder: Arc<str>,
    unused: Arc<Mutex<BTreeSet<String>>>,
) -> Result<(), Failure> {
    let now = site.clock.now();
    let records = &site.provider.records;
    if !records.lease(CLEANER, &holder, now, now + CLEANING).await? {
        return Ok(());
    }
    site.provider.tickets.sweep(now).await?;
    let expired = site
        .provider
        .expire_registrations(&mut context(&site)?)
        .await?;
    if expired > 0 {
        tracing::info!(expired, "clients that nobody used were removed");
    }
    let mut unused = unused.lock().await;
    *unused = site.provider.forget_unused_logos(&unused).await?;
    while records.clean(now - KEPT, MOST_ROWS).await? >= u64::from(MOST_ROWS) {}
    Ok(())
}
