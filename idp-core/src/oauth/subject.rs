//! What a client calls a user (OpenID Connect Core §8): the public subject, or one of the client's
//! sector alone, so that two agencies cannot join what they know about a person.

use crate::base::entropy::Entropy;
use crate::model::UserId;
use crate::model::client::Client;
use crate::model::subject::{Subject, ToldSubject};
use crate::store::change::Change;

/// The subject that a new grant tells its client.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignedSubject {
    /// The `sub` claim.
    pub sub: String,
    /// What the grant has to hold; none for the public subject.
    pub told: Option<ToldSubject>,
    /// The subject to be written when this is the first grant of the user in the sector. A store
    /// that has one already refuses the batch, and the flow finds it with the next load.
    pub made: Option<Change>,
}

/// Assigns the subject: the one `known` for the user in the client's sector, or a new one. Every
/// grant of a user is made with what this answers.
pub fn assign(
    client: &Client,
    user: UserId,
    known: Option<&str>,
    entropy: &mut Entropy,
) -> AssignedSubject {
    let (sub, made) = match known {
        Some(sub) => (sub.to_owned(), None),
        None => {
            let subject = Subject::generate(client, user, entropy);
            (subject.sub.clone(), Some(Change::Subject(subject)))
        }
    };
    let told = client.sector.clone().map(|sector| ToldSubject {
        sector,
        sub: sub.clone(),
    });
    AssignedSubject { sub, told, made }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, HEALTH};
    use crate::model::subject::SectorKey;
    use crate::oauth::sample::web;

    fn assigned(client: &Client, known: Option<&str>) -> AssignedSubject {
        assign(client, sample::user("an").id, known, &mut sample::entropy())
    }

    #[test]
    fn a_public_client_is_told_the_public_subject() {
        let known = assigned(&web(), Some("sub-an"));
        assert_eq!(
            (known.sub.as_str(), known.told, known.made),
            ("sub-an", None, None)
        );
        let first = assigned(&web(), None);
        let Some(Change::Subject(subject)) = first.made else {
            panic!("{first:?}")
        };
        assert_eq!((subject.sector.as_str(), first.told), ("", None));
        assert_eq!((subject.sub.len(), &subject.sub), (27, &first.sub));
    }

    #[test]
    fn a_pairwise_client_is_told_the_one_of_its_sector() {
        let mut client = web();
        let sector = SectorKey::of_agency(HEALTH);
        client.sector = Some(sector.clone());
        let known = assigned(&client, Some("sub-of-health"));
        let told = ToldSubject {
            sector: sector.clone(),
            sub: "sub-of-health".into(),
        };
        assert_eq!((known.told, known.made), (Some(told), None));
        let first = assigned(&client, None);
        let Some(Change::Subject(subject)) = first.made else {
            panic!("{first:?}")
        };
        assert_eq!(subject.sector, sector.as_str());
        assert_eq!(first.told.unwrap().sub, subject.sub);
    }
}
