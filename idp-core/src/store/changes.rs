//! Word between the nodes of one installation: something that others may hold in memory changed.
//!
//! A word is a hint, never a fact: whoever hears it reads Records again, and compares versions
//! now and then besides, since a word may be lost. So a false word costs a read and no more.

use async_trait::async_trait;

use crate::base::fault::Fault;

/// What may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Changed {
    /// Clients, their keys and addresses included.
    Clients,
    /// The provider's own keys.
    Keys,
    /// Rules, roles and units.
    Policy,
    /// Sessions, grants and single tokens that ended.
    Revocations,
    /// Anything: words were lost while the connection was.
    Anything,
}

impl Changed {
    /// Every word.
    pub const ALL: [Self; 5] = [
        Self::Clients,
        Self::Keys,
        Self::Policy,
        Self::Revocations,
        Self::Anything,
    ];

    /// The word on the wire between nodes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Keys => "keys",
            Self::Policy => "policy",
            Self::Revocations => "revocations",
            Self::Anything => "anything",
        }
    }

    /// Reads a word. One that a newer node says and this one does not know is [`Self::Anything`].
    #[must_use]
    pub fn parse(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|known| known.name() == word);
        known.unwrap_or(Self::Anything)
    }
}

/// Tells the other nodes, and hears them.
#[async_trait]
pub trait Changes: Send + Sync {
    /// Tells all nodes that listen, this one included. Called after the commit.
    ///
    /// # Errors
    /// A transient fault when the word could not be sent; the commit stands, and the others find
    /// out by their own comparison of versions.
    async fn announce(&self, what: Changed) -> Result<(), Fault>;

    /// Begins to listen. The first word is [`Changed::Anything`], once the connection stands.
    fn listen(&self) -> Box<dyn Listener>;
}

/// One listener.
#[async_trait]
pub trait Listener: Send {
    /// Waits for the next word. It connects again by itself, as often as needed; the first word
    /// after that is [`Changed::Anything`]. Dropping the future loses no word.
    async fn heard(&mut self) -> Changed;
}

#[cfg(test)]
mod tests {
    use super::Changed;

    #[test]
    fn words_are_read_as_they_are_written() {
        for word in Changed::ALL {
            assert_eq!(Changed::parse(word.name()), word);
        }
        assert_eq!(Changed::parse("themes"), Changed::Anything);
    }
}
