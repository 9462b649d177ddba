//! Inside the store: integrity, marks, keys, audit, clock.

use std::sync::Arc;
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::model::key::{Key, KeyPurpose};
use idp_core::ports::Signer;
use idp_core::store::Records;

use super::{Finding, State, declared};
use crate::config::Settings;
use crate::demo::MARK;
use crate::outside::clock::Clock;
use crate::outside::device::Device;
use crate::outside::entropy::Generator;
use crate::outside::key_ring::Opener;
use crate::outside::master_key::MasterKey;
use crate::outside::signer::RingSigner;
use crate::serve;
use crate::wiring::Store;

/// A clock this far behind what is stored is wrong.
const BEHIND: Duration = Duration::from_secs(60);
/// A token key that has signed this long should be replaced.
const OLD_KEY: Duration = Duration::from_secs(365 * 86_400);
/// A key whose end is this near needs a successor.
const ENDS_SOON: Duration = Duration::from_secs(7 * 86_400);
/// So many unsealed events mean that the sealer has not worked for long.
const MANY_UNSEALED: u32 = 1000;

/// What opens the keys of a store.
pub(super) struct Means<'a> {
    /// The key-encrypting key.
    pub(super) master: &'a MasterKey,
    /// Where keys that do not rest in the store are.
    pub(super) device: Option<Device>,
}

/// Opens the store, looks, and closes it.
pub(super) async fn examine(
    settings: &Settings,
    means: Option<Means<'_>>,
    clock: &Clock,
) -> Vec<Finding> {
    let opened = match serve::place(settings) {
        Ok(place) => Store::open(&place).await,
        Err(fault) => Err(fault),
    };
    let (store, _tickets) = match opened {
        Ok(opened) => opened,
        Err(fault) => return vec![Finding::fail("store", fault.detail, "see the message")],
    };
    let records = store.records();
    let mut findings = vec![integrity(&store).await];
    let looked = look(settings, &records, means, clock).await;
    findings
        .extend(looked.unwrap_or_else(|fault| vec![Finding::fail("store", fault.detail, MEND)]));
    store.close().await;
    findings
}

const MEND: &str = "mend what it names; when the data are damaged, restore a backup";

async fn integrity(store: &Store) -> Finding {
    match store.check().await {
        Ok(sound) => Finding::ok("store", sound),
        Err(fault) => Finding::fail("store", fault.detail, MEND),
    }
}

async fn look(
    settings: &Settings,
    records: &Arc<dyn Records>,
    means: Option<Means<'_>>,
    clock: &Clock,
) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if records.setting(MARK).await?.is_some() {
        let remedy = "make an installation with `idp init`; a demonstration cannot become one";
        findings.push(Finding::fail("store", "it is a demonstration's", remedy));
    }
    let issuer = settings.issuer.url.as_str();
    if let Some(stored) = records
        .setting("issuer")
        .await?
        .filter(|stored| stored != issuer)
    {
        let detail = format!("it was made for {stored}, the configuration says {issuer}");
        findings.push(Finding::fail(
            "store",
            detail,
            "correct issuer.url, or store.folder",
        ));
    }
    let now = clock.now();
    let keys = records.keys(&settings.issuer.key).await?;
    findings.extend(lifetimes(&keys, now));
    if let Some(means) = means {
        findings.extend(opening(settings, records, means, clock).await?);
    }
    findings.extend(declared::beside(settings, records.as_ref(), now).await?);
    findings.push(clock_offset(records, now).await?);
    findings.push(unsealed(records).await?);
    Ok(findings)
}

/// Whether every key that is needed opens, and those in a device sign.
async fn opening(
    settings: &Settings,
    records: &Arc<dyn Records>,
    means: Means<'_>,
    clock: &Clock,
) -> Result<Vec<Finding>, Fault> {
    let opener = Opener {
        sealing: means.master.sealing_key("keys")?,
        generator: Generator::system(),
        device: means.device,
    };
    let signer = RingSigner::new(records.clone(), opener, clock.clone());
    let issuer = &settings.issuer.key;
    let wanted = Some(settings.issuer.default_algorithm);
    let tried = [
        signer
            .active_key(issuer, KeyPurpose::Token, wanted)
            .await
            .map(drop),
        signer
            .active_key(issuer, KeyPurpose::Audit, None)
            .await
            .map(drop),
        signer
            .mac(issuer, KeyPurpose::Refresh, b"doctor")
            .await
            .map(drop),
    ];
    let remedy =
        "use the master key with which they were sealed; `idp key rotate` makes missing ones";
    let failed = tried.into_iter().filter_map(Result::err);
    let mut findings: Vec<_> = failed
        .map(|fault| Finding::fail("keys", fault.detail, remedy))
        .collect();
    findings.dedup();
    if findings.is_empty() {
        findings.push(Finding::ok(
            "keys",
            "all that are needed open with the master key",
        ));
        let troubles = signer.troubles(issuer).await?;
        findings.extend(troubles.into_iter().map(|trouble| {
            let remedy = "restore it in the device, or `idp key rotate --place store --at-once`";
            Finding::fail("keys", trouble.detail, remedy)
        }));
    }
    Ok(findings)
}

/// Keys that end without a successor, or have signed for long.
pub(super) fn lifetimes(keys: &[Key], now: Timestamp) -> Vec<Finding> {
    let rotate = |key: &Key| format!("idp key rotate, for {}", key.algorithm);
    let ending = keys.iter().filter(|key| {
        let successor = keys.iter().any(|other| {
            other.purpose == key.purpose
                && other.algorithm == key.algorithm
                && other.active_until.is_none()
        });
        let ends = key
            .active_until
            .is_some_and(|end| now < end && end <= now + ENDS_SOON);
        ends && !successor
    });
    let ending = ending.map(|key| {
        let detail = format!("key {} ends soon and has no successor", key.kid);
        Finding::fail("keys", detail, rotate(key))
    });
    let old = keys.iter().filter(|key| {
        let tokens = key.purpose == KeyPurpose::Token;
        tokens
            && key.is_active(now)
            && key.active_until.is_none()
            && now.since(key.active_from) > OLD_KEY
    });
    let old = old.map(|key| {
        let days = now.since(key.active_from).as_secs() / 86_400;
        Finding::warn(
            "keys",
            format!("key {} has signed for {days} days", key.kid),
            rotate(key),
        )
    });
    ending.chain(old).collect()
}

/// Compares the clock with what was stored last: no network is asked. A clock that is ahead shows
/// only later, when it is put right; one that is behind shows at once.
async fn clock_offset(records: &Arc<dyn Records>, now: Timestamp) -> Result<Finding, Fault> {
    let newest = records.events_before(None, 1).await?;
    let newest = newest
        .first()
        .map(|event| event_time(&event.body))
        .unwrap_or_default();
    let newest = newest.unwrap_or(Timestamp::EPOCH);
    let behind = newest.since(now);
    if behind > BEHIND {
        let detail = format!(
            "the clock is {} s behind the newest stored event",
            behind.as_secs()
        );
        return Ok(Finding::fail(
            "clock",
            detail,
            "synchronise the clock (chrony, systemd-timesyncd)",
        ));
    }
    Ok(Finding::ok(
        "clock",
        "not behind the newest stored event; no time server was asked",
    ))
}

fn event_time(body: &str) -> Option<Timestamp> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    body.get("at")?.as_i64().map(Timestamp::from_millis)
}

/// Events that no signed block holds yet.
async fn unsealed(records: &Arc<dyn Records>) -> Result<Finding, Fault> {
    let sealed = records
        .last_block()
        .await?
        .map_or(0, |block| block.head.last);
    let waiting = records.events_after(sealed, MANY_UNSEALED + 1).await?.len();
    let state = if waiting > MANY_UNSEALED as usize {
        State::Warn
    } else {
        State::Ok
    };
    let remedy = match state {
        State::Ok => String::new(),
        _ => "start the server: it seals them; then `idp audit verify`".to_owned(),
    };
    let detail = format!("{waiting} events are not sealed yet");
    Ok(Finding {
        check: "audit",
        state,
        detail,
        remedy,
    })
}
