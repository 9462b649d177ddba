//! Back-Channel Logout: who is told that a session is over (OpenID Connect Back-Channel Logout 1.0).

use crate::base::entropy::Entropy;
use crate::base::seal::SealingKey;
use crate::base::time::Timestamp;
use crate::jose::base64url;
use crate::model::OutboxId;
use crate::model::SessionId;
use crate::model::client::Client;
use crate::model::grant::Grant;
use crate::model::outbox::{LogoutPayload, OutboxEntry, OutboxKind, OutboxState};

/// A session that is over, with what was granted in it.
#[derive(Clone, Copy, Debug)]
pub struct EndedSession<'a> {
    /// The session; its text is the `sid` of the logout tokens.
    pub session: SessionId,
    /// The person's grants, in any state: a client whose grant was revoked may still show the
    /// person as signed in. Those of other sessions are passed over, so that nobody learns of a
    /// session it never saw.
    pub grants: &'a [Grant],
    /// The user's public subject at the issuer, if one was assigned.
    pub sub: Option<&'a str>,
}

impl EndedSession<'_> {
    /// What a client calls the person: the subject of its newest grant, which is pairwise or the
    /// public one. None when the client has no grant of this session.
    fn sub_for(&self, client: &Client) -> Option<&str> {
        let own = |g: &&Grant| {
            (g.session, &g.issuer, &g.client) == (self.session, &client.issuer, &client.id)
        };
        let newest = self
            .grants
            .iter()
            .filter(own)
            .max_by_key(|g| g.created_at)?;
        newest.told.as_ref().map(|t| t.sub.as_str()).or(self.sub)
    }
}

/// One delivery for each client that was let in during the session and registered a
/// `backchannel_logout_uri` (§2.2), due at once. A client with several grants is told once;
/// clients missing from `clients` are left out. Payloads rest sealed and hold `sub` and `sid`
/// only; the logout token itself is made and signed at delivery, so that its `iat` is fresh.
pub fn deliveries(
    ended: EndedSession<'_>,
    clients: &[Client],
    sealing: &SealingKey,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Vec<OutboxEntry> {
    let told = clients
        .iter()
        .filter(|c| c.backchannel_logout_uri.is_some())
        .filter_map(|c| Some((c, ended.sub_for(c)?)));
    let mut entries = Vec::new();
    for (client, sub) in told {
        let payload = LogoutPayload {
            sub: sub.to_owned(),
            sid: ended.session.to_string(),
        };
        // A struct of two texts: writing it cannot fail.
        let plain = serde_json::to_vec(&payload).unwrap_or_default();
        let id = OutboxId::generate(now, entropy);
        let sealed = sealing.seal(&OutboxEntry::seal_name(id), &plain, entropy);
        entries.push(OutboxEntry {
            id,
            issuer: client.issuer.clone(),
            kind: OutboxKind::BackChannelLogout,
            client: client.id.clone(),
            payload: base64url::encode(&sealed),
            state: OutboxState::Pending,
            attempts: 0,
            due_at: now,
            created_at: now,
            last_error: String::new(),
        });
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::ClientKind;
    use crate::model::subject::{SectorKey, ToldSubject};

    #[test]
    fn each_listening_client_of_the_session_is_told_once() {
        let mut entropy = Entropy::from_seed(&[4; 32]);
        let sealing = SealingKey::derive(&[1; 32], "outbox").unwrap();
        let mut told = sample::client(ClientKind::Web, &[]);
        told.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let mut silent = told.clone();
        silent.id = sample::client_id("silent");
        silent.backchannel_logout_uri = None;
        let mut stranger = told.clone();
        stranger.id = sample::client_id("stranger");
        let session = sample::session(sample::user("an").id);
        // Let in by another session of the same person: this one is none of its business.
        let mut elsewhere = told.clone();
        elsewhere.id = sample::client_id("elsewhere");
        let mut other_session = session.clone();
        other_session.id = SessionId::from_u128(77);
        let grants = [
            sample::grant(&session, &told),
            sample::grant(&session, &told),
            sample::grant(&session, &silent),
            sample::grant(&other_session, &elsewhere),
        ];
        let ended = EndedSession {
            session: session.id,
            grants: &grants,
            sub: Some("sub"),
        };
        let clients = [told.clone(), silent, stranger, elsewhere];
        let entries = deliveries(ended, &clients, &sealing, sample::NOW, &mut entropy);
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!(
            (&entry.client, entry.state, entry.due_at),
            (&told.id, OutboxState::Pending, sample::NOW)
        );
        let sealed = base64url::decode(entry.payload.as_bytes()).unwrap();
        let plain = sealing
            .open(&OutboxEntry::seal_name(entry.id), &sealed)
            .unwrap();
        let payload: LogoutPayload = serde_json::from_slice(&plain).unwrap();
        assert_eq!(
            payload,
            LogoutPayload {
                sub: "sub".into(),
                sid: session.id.to_string()
            }
        );
    }

    #[test]
    fn each_client_is_told_its_own_subject() {
        let told = |sector: &str, sub: &str| ToldSubject {
            sector: SectorKey::of_host(sector),
            sub: sub.to_owned(),
        };
        let mut public = sample::client(ClientKind::Web, &[]);
        public.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let mut pairwise = public.clone();
        pairwise.id = sample::client_id("pairwise");
        let session = sample::session(sample::user("an").id);
        let former = Grant {
            told: Some(told("former.example", "former")),
            ..sample::grant(&session, &pairwise)
        };
        let newer = Grant {
            created_at: former.created_at + std::time::Duration::from_secs(1),
            told: Some(told("rp.example", "newer")),
            ..former.clone()
        };
        let grants = [newer, former, sample::grant(&session, &public)];
        let ended = EndedSession {
            session: session.id,
            grants: &grants,
            sub: Some("public"),
        };
        assert_eq!(ended.sub_for(&pairwise), Some("newer"));
        assert_eq!(ended.sub_for(&public), Some("public"));
        let unknown = EndedSession { sub: None, ..ended };
        assert_eq!(unknown.sub_for(&pairwise), Some("newer"));
        assert_eq!(unknown.sub_for(&public), None);
    }
}
