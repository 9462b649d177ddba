//! Which sector a client's pairwise subjects belong to (OpenID Connect Core §8.1): settled when it is
//! registered, kept by edits that mean nothing else, changed only when that is said.

use url::Url;

use crate::base::refusal::Reason;
use crate::model::UnitId;
use crate::model::client::{Client, Sector, SubjectType};
use crate::model::subject::SectorKey;
use crate::organisation::UnitTree;

/// At most so many addresses in a sector document.
const MOST_ADDRESSES: usize = 500;

/// The redirect addresses listed at a `sector_identifier_uri`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorDocument(Vec<String>);

impl SectorDocument {
    /// Reads the document: a JSON array of at most 500 texts (OpenID Connect Registration §5).
    ///
    /// # Errors
    /// [`Reason::ClientSectorUnavailable`].
    pub fn parse(body: &[u8]) -> Result<Self, Reason> {
        let listed: Vec<String> =
            serde_json::from_slice(body).map_err(|_| Reason::ClientSectorUnavailable)?;
        (listed.len() <= MOST_ADDRESSES)
            .then_some(Self(listed))
            .ok_or(Reason::ClientSectorUnavailable)
    }

    fn lists(&self, address: &String) -> bool {
        self.0.contains(address)
    }
}

/// The address whose document has to be read before `after` may be written: a client that names
/// one, unless nothing changed since it was last compared.
pub(super) fn document_needed<'a>(before: Option<&Client>, after: &'a Client) -> Option<&'a str> {
    let uri = after.features.sector_identifier_uri.as_deref()?;
    let compared = before.is_some_and(|before| {
        before.features.sector_identifier_uri.as_deref() == Some(uri)
            && before.redirect_uris == after.redirect_uris
    });
    (!compared).then_some(uri)
}

/// Checks what a client says of its sector.
///
/// # Errors
/// [`Reason::ClientSectorUriInvalid`] unless `sector_identifier_uri` is https with a host name;
/// [`Reason::ClientSectorUnfit`] for an agency's sector of a client that is not pairwise.
pub(super) fn check(client: &Client) -> Result<(), Reason> {
    let features = &client.features;
    let uri = features.sector_identifier_uri.as_deref();
    if uri.is_some_and(|uri| https_host(uri).is_none()) {
        return Err(Reason::ClientSectorUriInvalid);
    }
    let by_agency = features.sector == Sector::Agency;
    if by_agency && (features.subject_type != SubjectType::Pairwise || uri.is_some()) {
        return Err(Reason::ClientSectorUnfit);
    }
    Ok(())
}

/// Compares the redirect addresses with the document that was read: each must be listed, letter by
/// letter (OpenID Connect Registration §5).
///
/// # Errors
/// [`Reason::ClientSectorIncomplete`].
pub(super) fn compare(client: &Client, document: &SectorDocument) -> Result<(), Reason> {
    let listed = client.redirect_uris.iter().all(|uri| document.lists(uri));
    listed.then_some(()).ok_or(Reason::ClientSectorIncomplete)
}

/// The sector that the client's metadata describe today; none for public subjects.
///
/// # Errors
/// [`Reason::ClientSectorNeedsUnit`] when its agency is to be the sector and no unit answers for
/// it; [`Reason::ClientSectorAmbiguous`] when its redirect addresses are on several hosts, or on
/// none, and no `sector_identifier_uri` says which counts.
pub(super) fn described(tree: &UnitTree, client: &Client) -> Result<Option<SectorKey>, Reason> {
    let features = &client.features;
    match (features.subject_type, features.sector) {
        (SubjectType::Public, _) => Ok(None),
        (SubjectType::Pairwise, Sector::Agency) => client
            .unit
            .and_then(|unit| agency_of(tree, unit))
            .map(|agency| Some(SectorKey::of_agency(agency)))
            .ok_or(Reason::ClientSectorNeedsUnit),
        (SubjectType::Pairwise, Sector::Host) => host_of(client)
            .map(|host| Some(SectorKey::of_host(&host)))
            .ok_or(Reason::ClientSectorAmbiguous),
    }
}

/// The sector of a changed client. What is described alike before and after stays as it was
/// settled, so that a unit that moved or a tree that was rebuilt meanwhile changes nothing. A
/// change gives the client other subjects for the people it knows, so it has to be `accepted`.
/// Grants that live keep the subjects they told.
///
/// # Errors
/// [`Reason::ClientSubjectsWouldChange`], and those of [`described`].
pub(super) fn resettled(
    tree: &UnitTree,
    (before, after): (&Client, &Client),
    accepted: bool,
) -> Result<Option<SectorKey>, Reason> {
    let now = described(tree, after)?;
    let same = described(tree, before).is_ok_and(|then| then == now);
    if same || before.sector == now {
        return Ok(before.sector.clone());
    }
    accepted
        .then_some(now)
        .ok_or(Reason::ClientSubjectsWouldChange)
}

/// The agency of a unit: the unit directly below the root of its tree, or the root itself.
fn agency_of(tree: &UnitTree, unit: UnitId) -> Option<UnitId> {
    let path = tree.path(unit);
    path.get(1).or(path.first()).map(|unit| unit.id)
}

/// The host that counts: that of `sector_identifier_uri`, else the only one of the redirect
/// addresses.
fn host_of(client: &Client) -> Option<String> {
    if let Some(uri) = &client.features.sector_identifier_uri {
        return https_host(uri);
    }
    let mut hosts = client.redirect_uris.iter().map(|uri| web_host(uri));
    let first = hosts.next()??;
    hosts
        .all(|host| host.as_deref() == Some(first.as_str()))
        .then_some(first)
}

fn web_host(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    matches!(url.scheme(), "https" | "http")
        .then(|| url.host_str().map(str::to_owned))
        .flatten()
}

fn https_host(uri: &str) -> Option<String> {
    web_host(uri).filter(|_| uri.starts_with("https://") && !uri.contains(['#', '@']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, CLINIC, HEALTH, JUSTICE, PROVINCE};
    use crate::model::client::ClientKind;

    fn pairwise(redirect_uris: &[&str]) -> Client {
        let mut client = sample::client(ClientKind::Web, redirect_uris);
        client.features.subject_type = SubjectType::Pairwise;
        client
    }

    fn of_agency(unit: Option<UnitId>) -> Client {
        let mut client = pairwise(&["https://rp.example/cb"]);
        client.features.sector = Sector::Agency;
        client.unit = unit;
        client
    }

    #[test]
    fn the_host_counts_when_there_is_one() {
        let tree = sample::tree();
        let ambiguous = Err(Reason::ClientSectorAmbiguous);
        let host = |host: &str| Ok(Some(SectorKey::of_host(host)));
        for (uris, expected) in [
            (&["https://rp.example/cb"][..], host("rp.example")),
            (
                &["https://rp.example/a", "https://rp.example:8443/b"],
                host("rp.example"),
            ),
            (
                &["https://rp.example/a", "https://other.example/b"],
                ambiguous.clone(),
            ),
            (&["vn.example.app:/cb"], ambiguous.clone()),
            (&[], ambiguous.clone()),
        ] {
            assert_eq!(described(&tree, &pairwise(uris)), expected, "{uris:?}");
        }
        let mut client = pairwise(&["https://rp.example/a", "https://other.example/b"]);
        client.features.sector_identifier_uri = Some("https://sector.example/uris.json".into());
        assert_eq!(described(&tree, &client), host("sector.example"));
        client.features.subject_type = SubjectType::Public;
        assert_eq!(described(&tree, &client), Ok(None));
    }

    #[test]
    fn all_applications_of_an_agency_share_a_sector_and_no_others() {
        let tree = sample::tree();
        let health = Ok(Some(SectorKey::of_agency(HEALTH)));
        assert_eq!(described(&tree, &of_agency(Some(HEALTH))), health);
        assert_eq!(described(&tree, &of_agency(Some(CLINIC))), health);
        assert_eq!(
            described(&tree, &of_agency(Some(JUSTICE))),
            Ok(Some(SectorKey::of_agency(JUSTICE)))
        );
        assert_eq!(
            described(&tree, &of_agency(Some(PROVINCE))),
            Ok(Some(SectorKey::of_agency(PROVINCE))),
            "the root is an agency of its own"
        );
        for unit in [None, Some(UnitId::from_u128(99))] {
            let refused = Err(Reason::ClientSectorNeedsUnit);
            assert_eq!(described(&tree, &of_agency(unit)), refused, "{unit:?}");
        }
    }

    #[test]
    fn subjects_do_not_change_unless_that_is_said() {
        let tree = sample::tree();
        let settled = |mut client: Client| {
            client.sector = described(&tree, &client).unwrap();
            client
        };
        let rp = settled(pairwise(&["https://rp.example/cb"]));
        let health = settled(of_agency(Some(HEALTH)));
        let public = settled(sample::client(ClientKind::Web, &["https://rp.example/cb"]));
        let other_host = pairwise(&["https://new.example/cb"]);
        let refused = Err(Reason::ClientSubjectsWouldChange);
        for (before, after) in [
            (&rp, &other_host),
            (&rp, &public),
            (&public, &rp),
            (&rp, &health),
            (&health, &of_agency(Some(JUSTICE))),
        ] {
            assert_eq!(resettled(&tree, (before, after), false), refused);
            assert_eq!(
                resettled(&tree, (before, after), true),
                Ok(described(&tree, after).unwrap())
            );
        }
        // A renamed host and a unit below change nothing where the agency counts.
        let mut renamed = of_agency(Some(CLINIC));
        renamed.redirect_uris = vec!["https://moi.example/cb".into()];
        assert_eq!(
            resettled(&tree, (&health, &renamed), false),
            Ok(health.sector.clone())
        );
    }

    #[test]
    fn a_unit_that_moved_keeps_what_was_settled() {
        let mut client = of_agency(Some(CLINIC));
        client.sector = described(&sample::tree(), &client).unwrap();
        let mut units = sample::units();
        for unit in &mut units {
            if unit.id == CLINIC {
                unit.parent = Some(JUSTICE);
            }
        }
        let moved = UnitTree::new(units);
        let mut renamed = client.clone();
        renamed.name = crate::model::LocalText::plain("Tên khác");
        assert_eq!(
            resettled(&moved, (&client, &renamed), false),
            Ok(Some(SectorKey::of_agency(HEALTH)))
        );
    }

    #[test]
    fn the_document_lists_every_redirect_address() {
        let mut client = pairwise(&["https://rp.example/a", "https://other.example/b"]);
        assert_eq!(document_needed(None, &client), None);
        let uri = "https://sector.example/uris.json";
        client.features.sector_identifier_uri = Some(uri.into());
        assert_eq!(document_needed(None, &client), Some(uri));
        assert_eq!(document_needed(Some(&client), &client), None);
        let mut more = client.clone();
        more.redirect_uris.push("https://rp.example/c".into());
        assert_eq!(document_needed(Some(&client), &more), Some(uri));
        let document =
            SectorDocument::parse(br#"["https://rp.example/a", "https://other.example/b"]"#);
        let document = document.unwrap();
        assert_eq!(compare(&client, &document), Ok(()));
        assert_eq!(
            compare(&more, &document),
            Err(Reason::ClientSectorIncomplete)
        );
        for wrong in [&b"{}"[..], b"[1]", b"", b"<html>"] {
            assert_eq!(
                SectorDocument::parse(wrong),
                Err(Reason::ClientSectorUnavailable)
            );
        }
    }

    #[test]
    fn what_is_said_of_a_sector_is_checked() {
        type Change = fn(&mut Client);
        let table: [(&str, Change, Result<(), Reason>); 6] = [
            ("plain", |_| {}, Ok(())),
            (
                "over http",
                |c| c.features.sector_identifier_uri = Some("http://a.example/s".into()),
                Err(Reason::ClientSectorUriInvalid),
            ),
            (
                "no address",
                |c| c.features.sector_identifier_uri = Some("sector".into()),
                Err(Reason::ClientSectorUriInvalid),
            ),
            (
                "a fragment",
                |c| c.features.sector_identifier_uri = Some("https://a.example/s#x".into()),
                Err(Reason::ClientSectorUriInvalid),
            ),
            (
                "an agency's sector of a public client",
                |c| {
                    c.features.subject_type = SubjectType::Public;
                    c.features.sector = Sector::Agency;
                },
                Err(Reason::ClientSectorUnfit),
            ),
            (
                "an agency and a document",
                |c| {
                    c.features.sector = Sector::Agency;
                    c.features.sector_identifier_uri = Some("https://a.example/s".into());
                },
                Err(Reason::ClientSectorUnfit),
            ),
        ];
        for (what, change, expected) in table {
            let mut client = pairwise(&["https://rp.example/cb"]);
            change(&mut client);
            assert_eq!(check(&client), expected, "{what}");
        }
    }
}
