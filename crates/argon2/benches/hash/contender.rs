//! The implementations that are measured.

use std::fmt;
use std::hint::black_box;

use repass_argon2::{Algorithm, Argon2, Block, Memory, Params, Path, Version};

use crate::libargon2::Library;

pub(crate) const PASSWORD: &[u8] = b"correct horse battery staple";
pub(crate) const SALT: &[u8; 16] = b"sixteen of salt.";
pub(crate) const BASELINE: &str = "`argon2` crate, memory reused";

#[derive(Clone, Copy)]
pub(crate) struct Profile {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.memory_kib, self.passes, self.lanes)
    }
}

type Worker = Box<dyn FnMut()>;

pub(crate) struct Contender {
    pub(crate) name: String,
    /// Returns a closure that hashes once. Called on the hashing thread.
    pub(crate) worker: Box<dyn Fn(&Profile) -> Worker + Send + Sync>,
}

impl Contender {
    fn new(
        name: impl Into<String>,
        worker: impl Fn(&Profile) -> Worker + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), worker: Box::new(worker) }
    }
}

pub(crate) fn all() -> Vec<Contender> {
    let mut all = vec![
        Contender::new("`argon2` crate, allocating", |profile| {
            let argon2 = theirs(profile);
            Box::new(move || {
                let mut tag = [0; 32];
                argon2.hash_password_into(PASSWORD, SALT, &mut tag).unwrap();
                black_box(tag);
            })
        }),
        Contender::new(BASELINE, |profile| {
            let argon2 = theirs(profile);
            let mut memory = vec![argon2::Block::default(); argon2.params().block_count()];
            Box::new(move || {
                let mut tag = [0; 32];
                argon2
                    .hash_password_into_with_memory(PASSWORD, SALT, &mut tag, &mut memory[..])
                    .unwrap();
                black_box(tag);
            })
        }),
        Contender::new("`rust-argon2` crate, allocating", |profile| {
            let config = rust_argon2::Config {
                variant: rust_argon2::Variant::Argon2id,
                mem_cost: profile.memory_kib,
                time_cost: profile.passes,
                lanes: profile.lanes,
                ..rust_argon2::Config::default()
            };
            Box::new(move || {
                black_box(rust_argon2::hash_raw(PASSWORD, SALT, &config).unwrap());
            })
        }),
    ];
    if let Some(library) = Library::find() {
        all.push(Contender::new("`libargon2`, allocating", move |profile| {
            library.allocating(profile)
        }));
        all.push(Contender::new("`libargon2`, memory reused", move |profile| {
            library.reusing(profile)
        }));
    }
    let ours = |profile: &Profile, path| {
        let params =
            Params::new(profile.memory_kib, profile.passes, profile.lanes, Some(32)).unwrap();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).with_path(path).unwrap()
    };
    let best = repass_argon2::path();
    all.push(Contender::new(format!("this crate, {best}, allocating"), move |profile| {
        let argon2 = ours(profile, best);
        Box::new(move || {
            let mut tag = [0; 32];
            argon2.hash_password_into(PASSWORD, SALT, &mut tag).unwrap();
            black_box(tag);
        })
    }));
    for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
        all.push(Contender::new(format!("this crate, {path}, memory reused"), move |profile| {
            let argon2 = ours(profile, path);
            let memory = vec![Block::new(); argon2.params().block_count()];
            reusing(argon2, memory)
        }));
    }
    let name = format!("this crate, {best}, memory reused, huge pages");
    all.push(Contender::new(name, move |profile| {
        let argon2 = ours(profile, best);
        let blocks = argon2.params().block_count();
        reusing(argon2, Memory::zeroed(blocks).unwrap())
    }));
    all
}

fn reusing(argon2: Argon2<'static>, mut memory: impl AsMut<[Block]> + 'static) -> Worker {
    Box::new(move || {
        let mut tag = [0; 32];
        argon2.hash_password_into_with_memory(PASSWORD, SALT, &mut tag, memory.as_mut()).unwrap();
        black_box(tag);
    })
}

fn theirs(profile: &Profile) -> argon2::Argon2<'static> {
    let params =
        argon2::Params::new(profile.memory_kib, profile.passes, profile.lanes, Some(32)).unwrap();
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
}

/// Describes the machine and the build.
pub(crate) fn describe_machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let paths: Vec<_> =
        Path::ALL.into_iter().filter(|path| path.is_available()).map(|it| it.to_string()).collect();
    // `cfg(miri)` disables the feature detection of the `argon2` crate.
    let baseline = if cfg!(miri) { "without its AVX2 path" } else { "with feature detection" };
    format!("{cores} cores; paths: {}; the `argon2` crate {baseline}", paths.join(", "))
}
