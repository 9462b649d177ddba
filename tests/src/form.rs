//! Just enough HTML to fill in the forms of server-rendered pages.

/// One element that carries a name or an id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Tag name in lower case.
    pub tag: String,
    /// Attributes with lower-case names and decoded values.
    pub attributes: Vec<(String, String)>,
}

impl Element {
    /// An attribute's value; `Some("")` for one without a value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A form with the controls inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Where it goes; empty for the page's own address.
    pub action: String,
    /// Lower-case method.
    pub method: String,
    /// Inputs and buttons in document order.
    pub controls: Vec<Element>,
}

impl Form {
    /// The fields that pressing `button` submits: hidden and text inputs, checked boxes, that button.
    pub fn fields(&self, button: &str) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        for control in &self.controls {
            let Some(name) = control.attribute("name") else {
                continue;
            };
            let kind = control.attribute("type").unwrap_or("text");
            let pressed = control.attribute("id") == Some(button);
            let included = match (control.tag.as_str(), kind) {
                ("button", _) | (_, "submit") => pressed,
                (_, "checkbox" | "radio") => control.attribute("checked").is_some(),
                _ => true,
            };
            if included {
                let value = control.attribute("value").unwrap_or_default();
                fields.push((name.to_owned(), value.to_owned()));
            }
        }
        fields
    }

    /// True when a control has this id.
    pub fn has(&self, id: &str) -> bool {
        self.controls
            .iter()
            .any(|control| control.attribute("id") == Some(id))
    }

    /// The name of the control with this id.
    pub fn name_of(&self, id: &str) -> Option<&str> {
        let control = self
            .controls
            .iter()
            .find(|control| control.attribute("id") == Some(id))?;
        control.attribute("name")
    }
}

/// A page: its forms and every start tag.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Forms in document order.
    pub forms: Vec<Form>,
    /// Start tags in document order.
    pub elements: Vec<Element>,
}

impl Page {
    /// Reads a page; what is not understood is skipped.
    pub fn parse(html: &str) -> Self {
        let mut page = Self::default();
        let mut inside = false;
        for tag in tags(html) {
            if tag.eq_ignore_ascii_case("/form") {
                inside = false;
                continue;
            }
            let Some(element) = start_tag(tag) else {
                continue;
            };
            match element.tag.as_str() {
                "form" => {
                    inside = true;
                    let method = element.attribute("method").unwrap_or("get").to_lowercase();
                    let action = element.attribute("action").unwrap_or_default().to_owned();
                    page.forms.push(Form {
                        action,
                        method,
                        controls: Vec::new(),
                    });
                }
                "input" | "button" if inside => {
                    let form = page.forms.last_mut().expect("a form is open");
                    form.controls.push(element.clone());
                }
                _ => {}
            }
            page.elements.push(element);
        }
        page
    }

    /// The form that holds the control with this id.
    pub fn form_with(&self, id: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.has(id))
    }

    /// True when any element has this id.
    pub fn has(&self, id: &str) -> bool {
        self.elements
            .iter()
            .any(|element| element.attribute("id") == Some(id))
    }
}

/// The insides of every `<…>`, comments skipped.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).filter_map(|rest| {
        let end = end_of_tag(rest)?;
        let tag = &rest[..end];
        (!tag.starts_with('!')).then_some(tag.trim_end_matches('/').trim())
    })
}

/// Where the tag closes: the first `>` outside quotes.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

fn start_tag(text: &str) -> Option<Element> {
    let mut rest = text;
    let name_end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let tag = rest[..name_end].to_lowercase();
    if tag.is_empty() || tag.starts_with('/') {
        return None;
    }
    rest = rest[name_end..].trim_start();
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let name = rest[..end].to_lowercase();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let (read, left) = attribute_value(after.trim_start());
            value = decode(read);
            rest = left.trim_start();
        }
        if !name.is_empty() {
            attributes.push((name, value));
        }
    }
    Some(Element { tag, attributes })
}

fn attribute_value(text: &str) -> (&str, &str) {
    let quote = text.chars().next().filter(|c| *c == '"' || *c == '\'');
    if let Some(quote) = quote {
        let inner = &text[1..];
        return match inner.find(quote) {
            Some(end) => (&inner[..end], &inner[end + 1..]),
            None => (inner, ""),
        };
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], &text[end..])
}

/// Decodes the character references that an escaping template writes.
pub fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        decoded.push_str(&rest[..start]);
        rest = &rest[start..];
        let reference = rest
            .find(';')
            .and_then(|end| Some((end, character(&rest[1..end])?)));
        match reference {
            Some((end, character)) => {
                decoded.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                decoded.push('&');
                rest = &rest[1..];
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str, base| {
        u32::from_str_radix(digits, base)
            .ok()
            .and_then(char::from_u32)
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
            Some(digits) => number(digits, 16),
            None => number(name.strip_prefix('#')?, 10),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, decode};

    #[test]
    fn a_form_is_read_with_its_hidden_field_and_its_pressed_button() {
        let page = Page::parse(
            r#"<!-- <form> --><FORM method=post action="/sign-in?a=1&amp;b=2">
               <input type="hidden" name="csrf" value="x&#34;y">
               <input id=username name='login'><input type=checkbox name=keep value=1>
               <button id="sign-in" name="do" value="in">Đăng nhập</button>
               <button id="other" name="do" value="out">…</button></FORM><input name="outside">"#,
        );
        let form = page.form_with("sign-in").expect("the form");
        assert_eq!(
            (form.action.as_str(), form.method.as_str()),
            ("/sign-in?a=1&b=2", "post")
        );
        assert_eq!(form.name_of("username"), Some("login"));
        let fields = form.fields("sign-in");
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["csrf", "login", "do"]);
        assert_eq!(fields[0].1, "x\"y");
        assert_eq!(fields[2].1, "in");
    }

    #[test]
    fn references_are_decoded_and_stray_ampersands_kept() {
        assert_eq!(
            decode("a&amp;b &#x1EA1; & &unknown; &lt;"),
            "a&b ạ & &unknown; <"
        );
    }
}
