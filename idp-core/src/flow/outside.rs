//! Fetches what a client's metadata point to.

use super::answer::endless;
use super::{ATTEMPTS, Committed, Failure, Provider, contended};
use crate::admin::client::logo::{self, Logo, setting};
use crate::admin::client::{Outside, Responsible, SectorDocument};
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::jose::JwkSet;
use crate::model::identifier::IdentifierKey;
use crate::ports::Outgoing;
use crate::store::change::Batch;
use crate::store::decision::Asks;

const MOST_SECTOR_BYTES: usize = 256 * 1024;

/// How often a registration is decided again because something had to be fetched.
pub(super) const LOOKS: usize = 5;

impl Provider {
    /// Answers what a registration asked of the outside, or of those whom this installation knows.
    ///
    /// # Errors
    /// [`Reason::ClientSectorUnavailable`], [`Reason::ClientKeysUnavailable`],
    /// [`Reason::ClientLogoUnavailable`], [`Reason::ClientLogoUnfit`]; a fault for a question that no
    /// registration asks.
    pub(super) async fn look_outside(
        &self,
        asks: Asks,
        outside: &mut Outside,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match asks {
            Asks::SectorDocument { uri } => {
                let body = self.fetched(uri, MOST_SECTOR_BYTES).await;
                let body = body.ok_or(Reason::ClientSectorUnavailable)?;
                outside.sector = Some(SectorDocument::parse(&body)?);
            }
            Asks::ClientKeys { uri, fresh } => {
                let keys = self.client_keys(&uri, fresh, now).await?;
                outside.statement_keys = Some(JwkSet::clone(&keys));
            }
            Asks::ResponsiblePerson { user_name } => {
                let found = match IdentifierKey::typed(&user_name) {
                    Some(key) => self.records.user_by_identifier(&key).await?,
                    None => None,
                };
                outside.responsible = Some(Responsible::from(found.map(|(user, _)| user)));
            }
            Asks::ClientLogo { uri } => {
                let body = self.fetched(uri, logo::MOST_BYTES).await;
                let picture = Logo::parse(body.ok_or(Reason::ClientLogoUnavailable)?)?;
                self.keep_logo(&picture).await?;
                outside.logo = Some(picture.digest());
            }
            Asks::VerifyPassword { .. } | Asks::HashPassword { .. } => return Err(endless()),
        }
        Ok(())
    }

    async fn keep_logo(&self, picture: &Logo) -> Result<(), Failure> {
        let name = setting(picture.digest());
        for _ in 0..ATTEMPTS {
            let present = self.records.setting(&name).await?;
            let Some(change) = picture.kept(present.as_deref()) else {
                return Ok(());
            };
            let batch = Batch {
                changes: vec![change],
                events: Vec::new(),
            };
            if self.commit(batch).await? == Committed::Yes {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// The picture that is kept under a digest.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn client_logo(&self, digest: Digest) -> Result<Option<Logo>, Fault> {
        let kept = self.records.setting(&setting(digest)).await?;
        Ok(kept.as_deref().and_then(Logo::of_setting))
    }

    /// The body of a document that is there; none for any trouble with it.
    async fn fetched(&self, url: String, most_bytes: usize) -> Option<Vec<u8>> {
        let request = Outgoing {
            url,
            form: None,
            most_bytes,
        };
        let answer = self.fetch.fetch(request).await.ok()?;
        (answer.status == 200).then_some(answer.body)
    }
}
