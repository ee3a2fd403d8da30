use std::fmt;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::Entry;

use crate::Language;

/// Makes a catalog of the files of this name in all languages.
macro_rules! catalog {
    ($file:literal) => {
        Catalog::new(|language| match language {
            Language::English => include_str!(concat!("../locales/en/", $file)),
            Language::German => include_str!(concat!("../locales/de/", $file)),
            Language::French => include_str!(concat!("../locales/fr/", $file)),
            Language::Spanish => include_str!(concat!("../locales/es/", $file)),
            Language::Italian => include_str!(concat!("../locales/it/", $file)),
            Language::Portuguese => include_str!(concat!("../locales/pt/", $file)),
            Language::Dutch => include_str!(concat!("../locales/nl/", $file)),
        })
    };
}

/// The mails to account holders.
pub static MAIL: Catalog = catalog!("mail.ftl");

/// The messages that an ecom bot shows.
pub static ECOM: Catalog = catalog!("ecom.ftl");

/// The pages on which holders change, request and set passwords.
pub static PAGES: Catalog = catalog!("pages.ftl");

/// The messages of one purpose, in every language.
pub struct Catalog {
    source: fn(Language) -> &'static str,
    bundles: OnceLock<Vec<(Language, FluentBundle<FluentResource>)>>,
}

impl Catalog {
    const fn new(source: fn(Language) -> &'static str) -> Self {
        Self { source, bundles: OnceLock::new() }
    }

    /// Returns the message, or an attribute (`message.attribute`), in `language`. Falls back to
    /// English, then to the id.
    pub fn text<'a, const N: usize>(
        &self,
        language: Language,
        id: &str,
        arguments: [(&'a str, FluentValue<'a>); N],
    ) -> String {
        let arguments = FluentArgs::from_iter(arguments);
        [language, Language::English]
            .into_iter()
            .find_map(|language| self.text_in(language, id, &arguments))
            .unwrap_or_else(|| id.to_owned())
    }

    fn text_in(&self, language: Language, id: &str, arguments: &FluentArgs<'_>) -> Option<String> {
        let (_, bundle) = self.bundles().iter().find(|(of, _)| *of == language)?;
        let pattern = match id.split_once('.') {
            None => bundle.get_message(id)?.value()?,
            Some((id, attribute)) => bundle.get_message(id)?.get_attribute(attribute)?.value(),
        };
        // Fluent writes the name of a missing argument; tests prove that none is missing.
        Some(bundle.format_pattern(pattern, Some(arguments), &mut Vec::new()).into_owned())
    }

    /// Returns the ids of all messages and attributes in a language, for tests that each is used.
    pub fn ids(&self, language: Language) -> Vec<String> {
        let mut ids = Vec::new();
        for entry in self.resource(language).entries() {
            if let Entry::Message(message) = entry {
                let id = message.id.name;
                ids.extend(message.value.is_some().then(|| id.to_owned()));
                ids.extend(message.attributes.iter().map(|it| format!("{id}.{}", it.id.name)));
            }
        }
        ids
    }

    fn bundles(&self) -> &[(Language, FluentBundle<FluentResource>)] {
        self.bundles.get_or_init(|| {
            let bundle = |language: Language| {
                let locale = language.subtag().parse().unwrap_or_default();
                let mut bundle = FluentBundle::new_concurrent(vec![locale]);
                // No invisible isolation characters around arguments.
                bundle.set_use_isolating(false);
                bundle.add_resource_overriding(self.resource(language));
                (language, bundle)
            };
            Language::ALL.map(bundle).into()
        })
    }

    /// Parses the file and ignores syntax errors; tests prove that there are none.
    fn resource(&self, language: Language) -> FluentResource {
        FluentResource::try_new((self.source)(language).to_owned())
            .unwrap_or_else(|(readable, _)| readable)
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashSet};

    use fluent_syntax::ast::Resource;
    use fluent_syntax::{parser, serializer};

    use super::*;

    const ALL: [&Catalog; 3] = [&MAIL, &ECOM, &PAGES];

    /// All messages with their attributes and the names of their arguments.
    fn messages(catalog: &Catalog, language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let resource = parser::parse((catalog.source)(language));
        let resource = resource.unwrap_or_else(|(_, errors)| panic!("{language:?}: {errors:?}"));
        let mut messages = BTreeMap::new();
        for entry in resource.body {
            let Entry::Message(mut message) = entry else { continue };
            message.comment = None;
            let attributes = message.attributes.iter().map(|it| format!(".{}", it.id.name));
            let mut id = message.id.name.to_owned();
            id.extend(attributes);
            let entry = Entry::Message(message);
            let written = serializer::serialize(&Resource { body: vec![entry] });
            let argument = |rest: &str| rest.split([' ', '}', ')']).next().unwrap().to_owned();
            let arguments = written.split('$').skip(1).map(argument).collect();
            assert_eq!(messages.insert(id.clone(), arguments), None, "{language:?}: {id} twice");
        }
        messages
    }

    #[test]
    fn every_language_has_the_messages_of_english_with_the_same_arguments() {
        for catalog in ALL {
            let english = messages(catalog, Language::English);
            assert!(english.len() > 10 && english.values().any(|it| !it.is_empty()));
            for language in Language::ALL {
                assert_eq!(messages(catalog, language), english, "{language:?}");
            }
        }
    }

    #[test]
    fn every_text_is_formatted_in_every_language() {
        for catalog in ALL {
            for language in Language::ALL {
                for id in catalog.ids(language) {
                    for count in [0, 1, 2, 1_000_000] {
                        let text = |name| FluentValue::from(name);
                        let text = catalog.text(
                            language,
                            &id,
                            [
                                ("count", count.into()),
                                ("fields", text("uid")),
                                ("date", text("1 March")),
                                ("time", text("07:05")),
                            ],
                        );
                        assert!(!text.contains(['{', '}', '<', '>', '\n']), "{language:?}: {text}");
                        assert_eq!(text.trim_matches(' '), text, "{language:?}: {id}");
                        assert_ne!(text, id, "{language:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_sentence_occurs_once_in_all_languages() {
        for catalog in ALL {
            let mut seen = HashSet::new();
            for language in Language::ALL {
                for id in catalog.ids(language) {
                    let text = catalog.text(language, &id, []);
                    // Words and patterns may be equal in two languages.
                    let is_sentence = text.contains(' ') && !text.contains('{');
                    let is_new = !is_sentence || seen.insert(text.clone());
                    assert!(is_new, "{language:?}: {id}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_missing_message_falls_back_to_english_and_then_to_its_id() {
        let catalog = Catalog::new(|language| match language {
            Language::English => "a = A { $x }\n  .b = B",
            _ => "a = { $x ->",
        });
        let text = |id| catalog.text(Language::German, id, [("x", 1.into())]);
        assert_eq!([text("a"), text("a.b"), text("a.c"), text("d")], ["A 1", "B", "a.c", "d"]);
    }
}
