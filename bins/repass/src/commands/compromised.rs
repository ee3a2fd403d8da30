//! `repass compromised`

use repass_compromised::{Corpus, Progress, build};
use repass_core::{Clock, SystemClock};
use serde_json::json;

use crate::cli::{BuildCorpus, CompromisedCommand, NamedCorpus};
use crate::failure::Failure;
use crate::output::Output;

/// The digests between two lines about the progress.
const DIGESTS_PER_NOTE: u64 = 50_000_000;

pub(super) fn run(command: CompromisedCommand, output: &Output) -> Result<(), Failure> {
    match command {
        CompromisedCommand::Build(build) => build_corpus(&build, output),
        CompromisedCommand::Show(NamedCorpus { corpus }) => {
            print(&Corpus::open(&corpus)?, "", output)
        }
        CompromisedCommand::Verify(NamedCorpus { corpus }) => {
            let corpus = Corpus::open(&corpus)?;
            corpus.verify()?;
            print(&corpus, "; every block equals its checksum", output)
        }
    }
}

fn build_corpus(args: &BuildCorpus, output: &Output) -> Result<(), Failure> {
    let BuildCorpus { list, corpus, min_count } = args;
    let built_at = SystemClock.now().to_string();
    let mut next = DIGESTS_PER_NOTE;
    let spinner = output.draws_progress().then(|| output.spinner());
    let report = |progress: Progress| {
        let text = text(progress);
        match &spinner {
            Some(spinner) => spinner.set_message(text),
            None if progress.digests >= next => {
                next = (progress.digests / DIGESTS_PER_NOTE + 1) * DIGESTS_PER_NOTE;
                output.note(&text);
            }
            None => {}
        }
    };
    let built = build(list, corpus, *min_count, &built_at, report);
    if let Some(spinner) = &spinner {
        spinner.finish_and_clear();
    }
    let missing = built?.missing_ranges;
    if missing > 0 {
        let text = format!(
            "{missing} of the 1048576 ranges are missing; passwords of these ranges are not found"
        );
        output.warning("missing-ranges", &text);
    }
    print(&Corpus::open(corpus)?, "", output)
}

fn text(progress: Progress) -> String {
    let of_list = progress
        .permille
        .map(|permille| format!(", {}.{} % of the list", permille / 10, permille % 10));
    format!("{} digests{}", progress.digests, of_list.unwrap_or_default())
}

fn print(corpus: &Corpus, suffix: &str, output: &Output) -> Result<(), Failure> {
    let info = corpus.info();
    let json = json!({
        "digests": info.digests,
        "min_count": info.min_count,
        "built_at": info.built_at,
        "source": info.source,
    });
    let seen = match info.min_count {
        0 | 1 => String::new(),
        count => format!(" of passwords that were seen {count} times or more"),
    };
    let text = format!(
        "{} digests{seen}, built at {} from {}{suffix}\n",
        info.digests, info.built_at, info.source,
    );
    output.result(&json, &text)
}
