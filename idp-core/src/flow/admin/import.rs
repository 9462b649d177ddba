//! The import of users: looked up, planned, written batch by batch.

use std::collections::{BTreeMap, VecDeque};

use super::{Administration, Ground};
use crate::admin::import::{
    self, BATCH, ImportFacts, ImportPlan, PlanStep, PlannedUser, ReadyUser, RowOutcome, RowReport,
    UserImport,
};
use crate::admin::user::MadeLink;
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::change_set::{ChangeSet, ChangeSetKind, ChangeSetState};
use crate::model::identifier::{Identifier, IdentifierKey};
use crate::model::user::User;
use crate::model::{ChangeSetId, UserId};
use crate::store::change::Batch;
use crate::store::decision::Outcome;
use crate::store::records::CommitError;

/// Lookups are asked for again while chosen names turn out to be taken; a file whose names clash
/// more often than this is refused as contended.
const LOOKUP_ROUNDS: usize = 64;

/// How an import ended.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// The change set; absent on a dry run, when rows are wrong, and when there was nothing to add.
    pub change_set: Option<ChangeSetId>,
    /// Whether every row is right. When not, nothing is left written.
    pub clean: bool,
    /// Every row, in order.
    pub rows: Vec<RowReport>,
    /// Activation links, with the accounts they are for; none on a dry run.
    pub links: Vec<(User, MadeLink)>,
}

/// Imports users: all rows or none. Wrong rows are reported, not refused, so that the caller gets
/// the whole report. `resume` names an import of the same rows that was broken off: what it added
/// is not added again, and those of its accounts that still wait for activation get new links,
/// because nobody received the old ones.
///
/// The rows are checked against the store first. Where another request takes an identifier
/// between check and write, what was written so far is taken back, and the row is reported.
///
/// # Errors
/// What [`import::plan`] refuses with; `change_set_not_resumable`, `administrator_unknown`.
pub async fn import(
    desk: &mut Administration,
    wanted: &UserImport,
    resume: Option<ChangeSetId>,
) -> Result<ImportReport, Failure> {
    let ground = desk.ground().await?;
    let (head, applied) = resumed(desk, &ground, resume).await?;
    let earlier = applied.clone();
    let mut plan = planned(desk, &ground, wanted, applied).await?;
    let clean = plan.is_clean();
    if !clean || desk.dry_run || (plan.users.is_empty() && head.is_none()) {
        let rehearsed = import::rehearsed(&ground.act(), &plan, &mut desk.context.entropy);
        let batch = Batch {
            changes: Vec::new(),
            events: rehearsed.into_iter().collect(),
        };
        desk.provider.commit(batch).await?;
        return Ok(ImportReport {
            clean,
            rows: plan.reports,
            ..ImportReport::default()
        });
    }
    // Before the change set is closed: what fails here can be resumed once more.
    let mut links = Vec::new();
    if wanted.activation_links {
        links = linked_again(desk, &earlier, &mut plan.reports).await?;
    }
    let entropy = &mut desk.context.entropy;
    let left = plan.users.len();
    let head = match head {
        Some(head) => import::carry_on(head, left),
        None => {
            let kind = ChangeSetKind::UserImport;
            import::begin(&ground.act(), kind, &wanted.title, left, entropy)
        }
    };
    let mut report = apply(desk, &ground, head, plan).await?;
    if report.clean {
        report.links.splice(0..0, links);
    }
    Ok(report)
}

/// New links for accounts of the broken-off run that still wait for activation. One that is
/// refused, because the account has moved out of reach since, is said beside its row: it must not
/// cost the others theirs.
async fn linked_again(
    desk: &mut Administration,
    earlier: &BTreeMap<u32, User>,
    rows: &mut [RowReport],
) -> Result<Vec<(User, MadeLink)>, Failure> {
    let mut links = Vec::new();
    for (place, added) in earlier {
        match linked(desk, added).await {
            Ok(link) => links.extend(link),
            Err(Failure::Refused(refusal)) => {
                let place = usize::try_from(*place).unwrap_or(usize::MAX);
                if let Some(row) = rows.get_mut(place) {
                    row.unlinked = Some(refusal.reason);
                }
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(links)
}

async fn linked(
    desk: &mut Administration,
    added: &User,
) -> Result<Option<(User, MadeLink)>, Failure> {
    let id = added.id.to_string();
    let present = super::user::show(desk, &id).await?;
    if present.is_activated() || !present.user.is_active() {
        return Ok(None);
    }
    let reset = super::user::reset(desk, &id, true).await?;
    Ok(reset.link.map(|link| (reset.user, link)))
}

/// The broken-off change set and the accounts that it added already.
async fn resumed(
    desk: &Administration,
    ground: &Ground,
    resume: Option<ChangeSetId>,
) -> Result<(Option<ChangeSet>, BTreeMap<u32, User>), Failure> {
    let Some(id) = resume else {
        return Ok((None, BTreeMap::new()));
    };
    let records = &desk.provider.records;
    let head = records.change_set(id).await?.ok_or(Reason::NotFoundHere)?;
    let open = head.kind == ChangeSetKind::UserImport && head.state == ChangeSetState::Applying;
    if !open || head.actor != ground.by.signature() {
        return Err(Reason::ChangeSetNotResumable.into());
    }
    let mut applied = BTreeMap::new();
    for entry in super::change_set::all_entries(desk, id).await? {
        let user = match entry.id.parse() {
            Ok(id) => records.user(id).await?,
            Err(_) => None,
        };
        applied.extend(user.map(|user| (entry.place, user)));
    }
    Ok((Some(head), applied))
}

async fn planned(
    desk: &mut Administration,
    ground: &Ground,
    wanted: &UserImport,
    applied: BTreeMap<u32, User>,
) -> Result<ImportPlan, Failure> {
    let roles = desk.provider.records.roles().await?;
    let mut facts = ImportFacts {
        roles,
        applied,
        ..ImportFacts::default()
    };
    for _ in 0..LOOKUP_ROUNDS {
        let step = import::plan(&ground.act(), wanted, &facts, &mut desk.context.entropy)?;
        match step {
            PlanStep::Planned(plan) => return Ok(plan),
            PlanStep::Lookup(keys) => {
                for key in keys {
                    let owner = desk.provider.records.identifier_owner(&key).await?;
                    facts.owners.insert(key, owner);
                }
            }
        }
    }
    Err(contended())
}

/// How one batch ended.
enum Applied {
    /// Written; the head as stored, and the links.
    Yes(ChangeSet, Vec<(UserId, MadeLink)>),
    /// Somebody took this identifier meanwhile, or once held it.
    Taken(String),
}

async fn apply(
    desk: &mut Administration,
    ground: &Ground,
    mut head: ChangeSet,
    plan: ImportPlan,
) -> Result<ImportReport, Failure> {
    let mut report = ImportReport {
        clean: true,
        rows: plan.reports,
        ..ImportReport::default()
    };
    let mut waiting: VecDeque<PlannedUser> = plan.users.into();
    let mut begun = head.applied > 0;
    // A resumed import may have no row left to add; its change set is then closed by an empty batch.
    while !waiting.is_empty() || head.state == ChangeSetState::Applying {
        let some = waiting.drain(..BATCH.min(waiting.len())).collect();
        let ready = ready(desk, some).await?;
        match write(desk, ground, &head, &ready).await? {
            Applied::Yes(after, links) => {
                (head, begun) = (after, true);
                for (id, link) in links {
                    let of = ready.iter().find(|r| r.planned.user.id == id);
                    report
                        .links
                        .extend(of.map(|r| (r.planned.user.clone(), link)));
                }
            }
            Applied::Taken(value) => {
                blame(&mut report, &ready, &value);
                report.links.clear();
                if begun {
                    super::change_set::undo(desk, head.id).await?;
                }
                return Ok(report);
            }
        }
    }
    report.change_set = Some(head.id);
    Ok(report)
}

/// Names the row whose identifier is taken.
fn blame(report: &mut ImportReport, batch: &[ReadyUser], value: &str) {
    report.clean = false;
    let key = IdentifierKey::of(value);
    let has = |i: &Identifier| i.key() == key;
    let wrong = batch
        .iter()
        .find(|r| r.planned.user.identifiers.iter().any(has));
    let place = wrong.and_then(|r| usize::try_from(r.planned.place).ok());
    if let Some(row) = place.and_then(|place| report.rows.get_mut(place)) {
        row.outcome = RowOutcome::Refused(Reason::IdentifierTaken);
    }
}

/// Wraps imported hashes, which takes as long as a sign-in each.
async fn ready(desk: &Administration, users: Vec<PlannedUser>) -> Result<Vec<ReadyUser>, Failure> {
    let mut ready = Vec::with_capacity(users.len());
    for planned in users {
        let password = match &planned.password_hash {
            Some(hash) => Some(desk.provider.passwords.wrap(hash).await?),
            None => None,
        };
        ready.push(ReadyUser { planned, password });
    }
    Ok(ready)
}

async fn write(
    desk: &mut Administration,
    ground: &Ground,
    head: &ChangeSet,
    ready: &[ReadyUser],
) -> Result<Applied, Failure> {
    for _ in 0..ATTEMPTS {
        let decision = import::batch(&ground.act(), head, ready, &mut desk.context.entropy);
        let (outcome, batch) = decision.into_parts();
        let Outcome::Done((after, links)) = outcome else {
            break;
        };
        match desk.provider.records.commit(batch).await {
            Ok(()) => return Ok(Applied::Yes(after, links)),
            Err(CommitError::Taken { value, .. }) => return Ok(Applied::Taken(value)),
            Err(CommitError::Changed { .. }) => {}
            Err(CommitError::Fault(fault)) => return Err(fault.into()),
        }
    }
    Err(contended())
}
