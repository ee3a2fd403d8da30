//! Compares every path of this CPU with the `argon2` crate: same tag or same error.
#![cfg_attr(feature = "libfuzzer", no_main)]

use arbitrary::{Arbitrary, Unstructured};
use repass_argon2::{Argon2, AssociatedData, ParamsBuilder, Path};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    algorithm: u8,
    version: bool,
    memory: u16,
    passes: u8,
    lanes: u8,
    tag_length: u16,
    password: &'a [u8],
    salt: &'a [u8],
    secret: &'a [u8],
    data: &'a [u8],
}

impl Input<'_> {
    /// At most 256 KiB and 3 passes, so that a run takes about a millisecond.
    fn costs(&self) -> (u32, u32, u32) {
        (u32::from(self.memory % 256), u32::from(self.passes % 4), u32::from(self.lanes % 24))
    }

    fn tag(&self) -> Vec<u8> {
        vec![0; usize::from(self.tag_length % 1200)]
    }

    fn name(&self) -> &'static str {
        ["argon2d", "argon2i", "argon2id"][usize::from(self.algorithm % 3)]
    }

    fn number(&self) -> u32 {
        if self.version { 0x13 } else { 0x10 }
    }

    fn theirs(&self) -> Result<Vec<u8>, argon2::Error> {
        let (m, t, p) = self.costs();
        let mut builder = argon2::ParamsBuilder::new();
        builder.m_cost(m).t_cost(t).p_cost(p).data(argon2::AssociatedData::new(self.data)?);
        let mut tag = self.tag();
        argon2::Argon2::new_with_secret(
            self.secret,
            self.name().parse()?,
            self.number().try_into()?,
            builder.build()?,
        )?
        .hash_password_into(self.password, self.salt, &mut tag)?;
        Ok(tag)
    }

    fn ours(&self, path: Path) -> Result<Vec<u8>, repass_argon2::Error> {
        let (m, t, p) = self.costs();
        let mut builder = ParamsBuilder::new();
        builder.m_cost(m).t_cost(t).p_cost(p).data(AssociatedData::new(self.data)?);
        let mut tag = self.tag();
        Argon2::new_with_secret(
            self.secret,
            self.name().parse()?,
            self.number().try_into()?,
            builder.build()?,
        )?
        .with_path(path)
        .expect("an available path passes its check")
        .hash_password_into(self.password, self.salt, &mut tag)?;
        Ok(tag)
    }
}

fn check(input: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let expected = input.theirs();
    for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
        match (&expected, input.ours(path)) {
            (Ok(expected), Ok(tag)) => assert!(*expected == tag, "{path}: {input:?}"),
            (Err(expected), Err(error)) => {
                assert_eq!(format!("{expected:?}"), format!("{error:?}"), "{path}: {input:?}");
            }
            (expected, got) => panic!("{path}: {expected:?}, {got:?}: {input:?}"),
        }
    }
}

repass_fuzz::target!(check);
