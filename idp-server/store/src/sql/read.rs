//! From rows to aggregates.

use idp_core::base::fault::Fault;
use idp_core::base::id::Id;
use idp_core::base::issuer::IssuerKey;
use idp_core::base::time::Timestamp;
use idp_core::event::seal::StoredEvent;
use idp_core::model::credential::Credential;
use idp_core::model::grant::Grant;
use idp_core::model::session::Session;
use idp_core::model::subject::Subject;
use idp_core::model::user::User;
use idp_core::model::{UserId, Version};
use idp_core::store::page::{Listing, PageRequest};
use idp_core::store::records::{GrantFacts, SessionFacts};

use super::value::{Row, from_word};

/// An identity in a column.
pub(super) fn id<K>(row: &Row, column: usize) -> Result<Id<K>, Fault> {
    let id = row.text(column)?.parse();
    id.map_err(|_| Fault::lasting("store", "a stored identity does not read back"))
}

/// A session from the four columns that begin at `first`: the body, overlaid with the columns
/// that are the truth.
pub(super) fn session(row: &Row, first: usize) -> Result<Session, Fault> {
    let mut session: Session = row.body(first)?;
    session.version = Version(row.int(first + 1)?);
    session.ended = match (row.optional_int(first + 2)?, row.optional_text(first + 3)?) {
        (Some(at), Some(why)) => Some((Timestamp::from_millis(at), from_word(why)?)),
        _ => None,
    };
    Ok(session)
}

/// A grant from the columns `body, version, state` that begin at `first`.
pub(super) fn grant(row: &Row, first: usize) -> Result<Grant, Fault> {
    let mut grant: Grant = row.body(first)?;
    grant.version = Version(row.int(first + 1)?);
    grant.state = from_word(row.text(first + 2)?)?;
    Ok(grant)
}

/// Grant (three columns), user, session (four), the public `sub`.
pub(super) fn grant_facts(row: &Row) -> Result<GrantFacts, Fault> {
    let grant = grant(row, 0)?;
    let session = match row.optional_text(4)? {
        Some(_) => Some(session(row, 4)?),
        None => None,
    };
    let public = row.optional_text(8)?.map(|sub| Subject {
        issuer: grant.issuer.clone(),
        user: grant.user,
        sector: String::new(),
        sub: sub.to_owned(),
    });
    Ok(GrantFacts {
        user: row.body(3)?,
        session,
        subject: grant.subject(public),
        grant,
    })
}

/// A subject from its `sub` and what it was asked by.
pub(super) fn subject(
    row: &Row,
    issuer: &IssuerKey,
    user: UserId,
    sector: &str,
) -> Result<Subject, Fault> {
    Ok(Subject {
        issuer: issuer.clone(),
        user,
        sector: sector.to_owned(),
        sub: row.text(0)?.to_owned(),
    })
}

/// An event from `place, body, personal`.
pub(super) fn event(row: &Row) -> Result<StoredEvent, Fault> {
    Ok(StoredEvent {
        place: row.int(0)?,
        body: row.text(1)?.to_owned(),
        personal: row.optional_text(2)?.map(str::to_owned),
    })
}

/// How many rows to ask for: one more than the page, which tells whether another follows.
pub(super) fn probe(page: &PageRequest) -> u32 {
    page.limit.clamp(1, 500) + 1
}

/// A page from at most [`probe`] rows, whose column 0 is the cursor.
pub(super) fn listing<T>(
    mut rows: Vec<Row>,
    page: &PageRequest,
    read: impl Fn(&Row) -> Result<T, Fault>,
) -> Result<Listing<T>, Fault> {
    let limit = page.limit.clamp(1, 500) as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last() {
        Some(row) if more => Some(row.text(0)?.to_owned()),
        _ => None,
    };
    let entries = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Listing { entries, next })
}

/// A body and the credentials beside it.
pub(super) fn with_credentials(rows: &[Row]) -> Result<Option<(User, Vec<Credential>)>, Fault> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut credentials = Vec::with_capacity(rows.len());
    for row in rows {
        if row.optional_text(1)?.is_some() {
            credentials.push(row.body(1)?);
        }
    }
    Ok(Some((first.body(0)?, credentials)))
}

pub(super) fn session_facts(row: &Row) -> Result<SessionFacts, Fault> {
    Ok(SessionFacts {
        user: row.body(0)?,
        session: session(row, 1)?,
    })
}
