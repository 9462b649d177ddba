//! The Records trait over any engine: one question, one statement.

use std::collections::BTreeSet;

use async_trait::async_trait;
use idp_core::base::fault::Fault;
use idp_core::base::issuer::IssuerKey;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::event::Event;
use idp_core::event::seal::{Block, StoredEvent};
use idp_core::model::change_set::{ChangeSet, ChangeSetEntry};
use idp_core::model::client::{Client, ClientId};
use idp_core::model::consent::Consent;
use idp_core::model::credential::Credential;
use idp_core::model::grant::Grant;
use idp_core::model::identifier::IdentifierKey;
use idp_core::model::key::Key;
use idp_core::model::organisation_unit::OrganisationUnit;
use idp_core::model::outbox::{OutboxEntry, OutboxState};
use idp_core::model::role::{Role, RoleName};
use idp_core::model::session::Session;
use idp_core::model::subject::Subject;
use idp_core::model::user::User;
use idp_core::model::{ChangeSetId, CredentialId, GrantId, OutboxId, SessionId, UnitId, UserId};
use idp_core::store::change::Batch;
use idp_core::store::changes::Changed;
use idp_core::store::page::{Listing, PageRequest};
use idp_core::store::records::{CommitError, GrantFacts, Records, SessionFacts, UserFilter};

use super::ask::SqlRecords;
use super::engine::{Engine, Prepared, Step};
use super::read;
use super::schema;
use super::search::{self, Search};
use super::value::{Statement, values, word};
use super::write;

/// Sessions, newest first (identifiers sort by time): before the cursor `$1`, and unless `$3` is 0
/// only those that live at `$2`. Two texts, because each must walk another index.
const SESSIONS: &str = "SELECT s.id, s.body, s.version, s.ended_ms, s.ended_why FROM sessions s \
     WHERE s.id < $1 AND ($3 = 0 OR (s.ended_ms IS NULL AND s.expires_ms > $2)) \
     ORDER BY s.id DESC LIMIT $4";
const SESSIONS_OF_USER: &str = "SELECT s.id, s.body, s.version, s.ended_ms, s.ended_why \
     FROM sessions s WHERE s.user_id = $5 AND s.id < $1 \
     AND ($3 = 0 OR (s.ended_ms IS NULL AND s.expires_ms > $2)) ORDER BY s.id DESC LIMIT $4";

/// A cursor after which everything comes when a listing runs downwards.
const ABOVE_ALL: &str = "~";

#[async_trait]
impl<E: Engine> Records for SqlRecords<E> {
    async fn client(&self, issuer: &IssuerKey, id: &ClientId) -> Result<Option<Client>, Fault> {
        let key = values![issuer.as_str(), id.as_str()];
        self.one(
            "SELECT body FROM clients WHERE issuer = $1 AND id = $2",
            key,
        )
        .await
    }

    async fn clients(
        &self,
        issuer: &IssuerKey,
        page: &PageRequest,
    ) -> Result<Listing<Client>, Fault> {
        let text = "SELECT id, body FROM clients WHERE issuer = $1 AND id > $2 \
                    ORDER BY id LIMIT $3";
        let after = page.after.as_deref().unwrap_or_default();
        let values = values![issuer.as_str(), after, read::probe(page)];
        read::listing(self.rows(text, values).await?, page, |row| row.body(1))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, Fault> {
        self.one("SELECT body FROM users WHERE id = $1", values![id])
            .await
    }

    async fn user_by_identifier(
        &self,
        key: &IdentifierKey,
    ) -> Result<Option<(User, Vec<Credential>)>, Fault> {
        let text = "SELECT u.body, c.body FROM user_identifiers i \
                    JOIN users u ON u.id = i.user_id \
                    LEFT JOIN credentials c ON c.user_id = u.id \
                    WHERE i.key = $1 AND i.released = 0 ORDER BY c.id";
        read::with_credentials(&self.rows(text, values![key.as_str()]).await?)
    }

    async fn identifier_owner(&self, key: &IdentifierKey) -> Result<Option<UserId>, Fault> {
        let text = "SELECT user_id FROM user_identifiers WHERE key = $1";
        self.first(text, values![key.as_str()], |row| read::id(row, 0))
            .await
    }

    async fn activated(&self, users: &[UserId]) -> Result<BTreeSet<UserId>, Fault> {
        if users.is_empty() {
            return Ok(BTreeSet::new());
        }
        let rows = self.engine.read(search::activated(users)).await?;
        rows.iter().map(|row| read::id(row, 0)).collect()
    }

    async fn users(&self, filter: &UserFilter, page: &PageRequest) -> Result<Listing<User>, Fault> {
        if filter.units.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Listing {
                entries: Vec::new(),
                next: None,
            });
        }
        let search = Search::new(filter, page, E::DIALECT)?;
        let statement = self.planned(&search).await?;
        let rows = self.engine.read(statement).await?;
        read::listing(rows, page, |row| row.body(1))
    }

    async fn credentials(&self, user: UserId) -> Result<Vec<Credential>, Fault> {
        let text = "SELECT body FROM credentials WHERE user_id = $1 ORDER BY id";
        self.all(text, values![user]).await
    }

    async fn credential(&self, id: CredentialId) -> Result<Option<Credential>, Fault> {
        self.one("SELECT body FROM credentials WHERE id = $1", values![id])
            .await
    }

    async fn credential_by_digest(
        &self,
        digest: &Digest,
    ) -> Result<Option<(Credential, User)>, Fault> {
        let text = "SELECT c.body, u.body FROM credentials c JOIN users u ON u.id = c.user_id \
                    WHERE c.lookup = $1";
        self.first(text, values![digest], |row| {
            Ok((row.body(0)?, row.body(1)?))
        })
        .await
    }

    async fn user_by_subject(&self, issuer: &IssuerKey, sub: &str) -> Result<Option<User>, Fault> {
        let text = "SELECT u.body FROM subjects x JOIN users u ON u.id = x.user_id \
                    WHERE x.issuer = $1 AND x.sub = $2";
        self.one(text, values![issuer.as_str(), sub]).await
    }

    async fn subject(
        &self,
        issuer: &IssuerKey,
        user: UserId,
        sector: &str,
    ) -> Result<Option<Subject>, Fault> {
        let text = "SELECT sub FROM subjects WHERE issuer = $1 AND user_id = $2 AND sector = $3";
        self.first(text, values![issuer.as_str(), user, sector], |row| {
            read::subject(row, issuer, user, sector)
        })
        .await
    }

    async fn unit(&self, id: UnitId) -> Result<Option<OrganisationUnit>, Fault> {
        self.one("SELECT body FROM units WHERE id = $1", values![id])
            .await
    }

    async fn unit_by_code(&self, code: &str) -> Result<Option<OrganisationUnit>, Fault> {
        let text = "SELECT u.body FROM unit_codes c JOIN units u ON u.id = c.unit_id \
                    WHERE c.code = $1";
        self.one(text, values![code]).await
    }

    async fn units(&self) -> Result<Vec<OrganisationUnit>, Fault> {
        let text = "SELECT u.body FROM unit_codes c JOIN units u ON u.id = c.unit_id \
                    ORDER BY c.code";
        self.all(text, Vec::new()).await
    }

    async fn unit_path(&self, id: UnitId) -> Result<Vec<OrganisationUnit>, Fault> {
        // The depth bound ends the walk even if units were made each other's parents.
        let text = "WITH RECURSIVE up (id, depth) AS (SELECT id, 0 FROM units WHERE id = $1 UNION ALL \
                    SELECT u.parent, up.depth + 1 FROM up JOIN units u ON u.id = up.id \
                    WHERE u.parent IS NOT NULL AND up.depth < 63) \
                    SELECT u.body FROM up JOIN units u ON u.id = up.id ORDER BY up.depth DESC";
        self.all(text, values![id]).await
    }

    async fn roles(&self) -> Result<Vec<Role>, Fault> {
        self.all("SELECT body FROM roles ORDER BY name", Vec::new())
            .await
    }

    async fn role(&self, name: &RoleName) -> Result<Option<Role>, Fault> {
        let text = "SELECT body FROM roles WHERE name = $1";
        self.one(text, values![name.as_str()]).await
    }

    async fn session_by_secret(&self, digest: &Digest) -> Result<Option<SessionFacts>, Fault> {
        let text = "SELECT u.body, s.body, s.version, s.ended_ms, s.ended_why FROM sessions s \
                    JOIN users u ON u.id = s.user_id WHERE s.secret = $1";
        self.first(text, values![digest], read::session_facts).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, Fault> {
        let text = "SELECT u.body, s.body, s.version, s.ended_ms, s.ended_why FROM sessions s \
                    JOIN users u ON u.id = s.user_id WHERE s.id = $1";
        self.first(text, values![id], read::session_facts).await
    }

    async fn sessions(
        &self,
        user: Option<UserId>,
        live_at: Option<Timestamp>,
        page: &PageRequest,
    ) -> Result<Listing<Session>, Fault> {
        let after = page.after.as_deref().unwrap_or(ABOVE_ALL);
        let at = live_at.unwrap_or_default();
        let mut values = values![after, at, live_at.is_some(), read::probe(page)];
        let text = if let Some(user) = user {
            values.push(user.into());
            SESSIONS_OF_USER
        } else {
            SESSIONS
        };
        let rows = self.rows(text, values).await?;
        read::listing(rows, page, |row| read::session(row, 1))
    }

    async fn grant(&self, id: GrantId) -> Result<Option<GrantFacts>, Fault> {
        let text = "SELECT g.body, g.version, g.state, u.body, \
                    s.body, s.version, s.ended_ms, s.ended_why, x.sub \
                    FROM grants g JOIN users u ON u.id = g.user_id \
                    LEFT JOIN sessions s ON s.id = g.session_id \
                    LEFT JOIN subjects x ON x.issuer = g.issuer AND x.user_id = g.user_id \
                    AND x.sector = '' WHERE g.id = $1";
        self.first(text, values![id], read::grant_facts).await
    }

    async fn grants_of_session(&self, session: SessionId) -> Result<Vec<Grant>, Fault> {
        let text = "SELECT body, version, state FROM grants WHERE session_id = $1 ORDER BY id";
        let rows = self.rows(text, values![session]).await?;
        rows.iter().map(|row| read::grant(row, 0)).collect()
    }

    async fn grants_of_user(&self, user: UserId) -> Result<Vec<Grant>, Fault> {
        let text = "SELECT body, version, state FROM grants \
                    WHERE user_id = $1 AND state <> 'revoked' ORDER BY id";
        let rows = self.rows(text, values![user]).await?;
        rows.iter().map(|row| read::grant(row, 0)).collect()
    }

    async fn consent(
        &self,
        issuer: &IssuerKey,
        user: UserId,
        client: &ClientId,
    ) -> Result<Option<Consent>, Fault> {
        let text = "SELECT body FROM consents \
                    WHERE issuer = $1 AND user_id = $2 AND client_id = $3";
        self.one(text, values![issuer.as_str(), user, client.as_str()])
            .await
    }

    async fn consents_of_user(
        &self,
        issuer: &IssuerKey,
        user: UserId,
    ) -> Result<Vec<Consent>, Fault> {
        let text = "SELECT body FROM consents WHERE issuer = $1 AND user_id = $2 \
                    ORDER BY client_id";
        self.all(text, values![issuer.as_str(), user]).await
    }

    async fn keys(&self, issuer: &IssuerKey) -> Result<Vec<Key>, Fault> {
        let text = "SELECT body FROM keys WHERE issuer = $1 ORDER BY created_ms DESC, kid";
        self.all(text, values![issuer.as_str()]).await
    }

    async fn lease_outbox(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        most: u32,
    ) -> Result<Vec<OutboxEntry>, Fault> {
        let (moment, skip) = (E::DIALECT.no_later("$1"), E::DIALECT.skip_locked);
        let text = format!(
            "UPDATE outbox SET lease_until_ms = {moment} + $2 - $1 WHERE id IN (SELECT id FROM outbox \
             WHERE state = 'pending' AND due_ms <= {moment} AND lease_until_ms <= {moment} \
             ORDER BY due_ms, id LIMIT $3{skip}) RETURNING body"
        );
        let rows = self.change(text, values![now, lease_until, most]).await?;
        rows.iter().map(|row| row.body(0)).collect()
    }

    async fn settle_outbox(
        &self,
        entry: &OutboxEntry,
        events: Vec<Event>,
    ) -> Result<(), CommitError> {
        let prepared = Prepared {
            steps: vec![write::settle(entry)?],
            events: write::event_rows(&events),
            ..Prepared::default()
        };
        self.engine.commit(prepared).await
    }

    async fn outbox(
        &self,
        state: Option<OutboxState>,
        page: &PageRequest,
    ) -> Result<Listing<OutboxEntry>, Fault> {
        let text = "SELECT id, body FROM outbox WHERE (state = $1 OR $1 = '') \
                    AND id < $2 ORDER BY id DESC LIMIT $3";
        let state = state.as_ref().map(word).transpose()?.unwrap_or_default();
        let after = page.after.as_deref().unwrap_or(ABOVE_ALL);
        let values = values![state, after, read::probe(page)];
        read::listing(self.rows(text, values).await?, page, |row| row.body(1))
    }

    async fn outbox_entry(&self, id: OutboxId) -> Result<Option<OutboxEntry>, Fault> {
        self.one("SELECT body FROM outbox WHERE id = $1", values![id])
            .await
    }

    async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, Fault> {
        let moment = E::DIALECT.no_later("$3");
        let text = format!(
            "INSERT INTO leases (name, holder, until_ms) VALUES ($1, $2, {moment} + $4 - $3) \
             ON CONFLICT (name) DO UPDATE \
             SET holder = excluded.holder, until_ms = excluded.until_ms \
             WHERE leases.until_ms <= {moment} OR leases.holder = excluded.holder \
             RETURNING until_ms"
        );
        let rows = self.change(text, values![name, holder, now, until]).await?;
        Ok(!rows.is_empty())
    }

    async fn events_after(&self, place: i64, limit: u32) -> Result<Vec<StoredEvent>, Fault> {
        let values = values![place, limit.min(10_000)];
        self.settled_events("place > $1 ORDER BY place", values)
            .await
    }

    async fn events_before(
        &self,
        place: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, Fault> {
        let values = values![place.unwrap_or(i64::MAX), limit.min(10_000)];
        self.settled_events("place < $1 ORDER BY place DESC", values)
            .await
    }

    async fn last_block(&self) -> Result<Option<Block>, Fault> {
        let text = "SELECT body FROM audit_blocks ORDER BY number DESC LIMIT 1";
        self.one(text, Vec::new()).await
    }

    async fn blocks_from(&self, number: i64, limit: u32) -> Result<Vec<Block>, Fault> {
        let text = "SELECT body FROM audit_blocks WHERE number >= $1 ORDER BY number LIMIT $2";
        self.all(text, values![number, limit.min(10_000)]).await
    }

    async fn change_set(&self, id: ChangeSetId) -> Result<Option<ChangeSet>, Fault> {
        self.one("SELECT body FROM change_sets WHERE id = $1", values![id])
            .await
    }

    async fn change_sets(&self, page: &PageRequest) -> Result<Listing<ChangeSet>, Fault> {
        let text = "SELECT id, body FROM change_sets WHERE id < $1 ORDER BY id DESC LIMIT $2";
        let after = page.after.as_deref().unwrap_or(ABOVE_ALL);
        let values = values![after, read::probe(page)];
        read::listing(self.rows(text, values).await?, page, |row| row.body(1))
    }

    async fn change_set_entries(
        &self,
        id: ChangeSetId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<ChangeSetEntry>, Fault> {
        let text = "SELECT body FROM change_set_entries WHERE change_set = $1 AND place >= $2 \
                    ORDER BY place LIMIT $3";
        self.all(text, values![id, from, limit.min(10_000)]).await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, Fault> {
        let text = "SELECT value FROM settings WHERE name = $1";
        self.first(text, values![name], |row| Ok(row.text(0)?.to_owned()))
            .await
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), Fault> {
        let text = "INSERT INTO settings (name, value) VALUES ($1, $2) \
                    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        let prepared = Prepared {
            steps: vec![Step {
                statement: Statement::new(text, values![name, value]),
                otherwise: None,
            }],
            changed: [Changed::Policy].into(),
            ..Prepared::default()
        };
        match self.engine.commit(prepared).await {
            Err(CommitError::Fault(fault)) => Err(fault),
            _ => Ok(()),
        }
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.engine
            .commit(write::prepare(&batch, &E::DIALECT)?)
            .await
    }

    async fn clean(&self, before: Timestamp, most: u32) -> Result<u64, Fault> {
        self.engine.tend().await?;
        let mut removed = 0;
        for text in super::clean::texts(E::DIALECT) {
            let rest = i64::from(most) - removed;
            if rest > 0 {
                let rows = self.change(text, values![before, rest]).await?;
                removed += i64::try_from(rows.len()).unwrap_or(i64::MAX);
            }
        }
        Ok(u64::try_from(removed).unwrap_or(0))
    }

    async fn unused_logos(&self) -> Result<Vec<String>, Fault> {
        let rows = self.rows(super::clean::UNUSED_LOGOS, Vec::new()).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }

    async fn forget_logo(&self, name: &str) -> Result<bool, Fault> {
        let rows = self
            .change(super::clean::FORGET_LOGO, values![name])
            .await?;
        Ok(!rows.is_empty())
    }

    async fn clock(&self) -> Result<Option<Timestamp>, Fault> {
        let Some(clock) = E::DIALECT.clock else {
            return Ok(None);
        };
        let (text, values) = (format!("SELECT {clock}").into(), Vec::new());
        let rows = self.engine.read(Statement { text, values }).await?;
        let now = rows.first().map(|row| row.int(0)).transpose()?;
        Ok(now.map(Timestamp::from_millis))
    }

    async fn ping(&self) -> Result<(), Fault> {
        let rows = self.rows(schema::NEWEST, Vec::new()).await?;
        let newest = rows.first().map(schema::Newest::read).transpose()?;
        newest.map_or(Ok(()), |newest| newest.check(schema::RECORDS, "the store"))?;
        self.engine.check_writes().await
    }
}
