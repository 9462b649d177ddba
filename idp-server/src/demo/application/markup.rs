//! HTML that cannot be injected into: only the program's own literals go in unescaped.

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Adds a literal of this program as it is. The lifetime keeps out anything read at run time.
    pub(super) fn raw(&mut self, literal: &'static str) -> &mut Self {
        self.0.push_str(literal);
        self
    }

    /// Adds text, escaped for element content and for quoted attribute values alike.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// The finished page.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Writes a template: literals go in as they are, `(expressions)` as escaped text.
macro_rules! write_markup {
    ($markup:ident, $($parts:tt)*) => {
        write_markup!(@ $markup $($parts)*)
    };
    (@ $markup:ident) => {};
    (@ $markup:ident $literal:literal $($rest:tt)*) => {
        $markup.raw($literal);
        write_markup!(@ $markup $($rest)*);
    };
    (@ $markup:ident ($text:expr) $($rest:tt)*) => {
        $markup.text($text);
        write_markup!(@ $markup $($rest)*);
    };
}

pub(super) use write_markup;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        let mut markup = Markup::default();
        write_markup!(markup, "<a title=\"" ("\"><script>'&") "\">");
        assert_eq!(
            markup.finish(),
            "<a title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">"
        );
    }
}
