use super::{AssociatedData, KeyId, Params};
use crate::{Algorithm, Argon2, Error, Result, Version};

/// Builds [`Params`], which are checked by [`build`](Self::build).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParamsBuilder {
    params: Params,
}

impl ParamsBuilder {
    /// A builder with [`Params::DEFAULT`].
    pub const DEFAULT: Self = Self { params: Params::DEFAULT };

    /// Returns [`ParamsBuilder::DEFAULT`].
    #[must_use]
    pub const fn new() -> Self {
        Self::DEFAULT
    }

    /// Sets the memory, in KiB.
    pub const fn m_cost(&mut self, m_cost: u32) -> &mut Self {
        self.params.m_cost = m_cost;
        self
    }

    /// Sets the number of passes.
    pub const fn t_cost(&mut self, t_cost: u32) -> &mut Self {
        self.params.t_cost = t_cost;
        self
    }

    /// Sets the number of lanes.
    pub const fn p_cost(&mut self, p_cost: u32) -> &mut Self {
        self.params.p_cost = p_cost;
        self
    }

    /// Sets the key identifier, which has no effect on the hash.
    pub const fn keyid(&mut self, keyid: KeyId) -> &mut Self {
        self.params.keyid = keyid;
        self
    }

    /// Sets the associated data.
    pub const fn data(&mut self, data: AssociatedData) -> &mut Self {
        self.params.data = data;
        self
    }

    /// Sets the exact length of the tag, in bytes.
    pub const fn output_len(&mut self, length: usize) -> &mut Self {
        self.params.output_len = Some(length);
        self
    }

    /// Returns the parameters.
    ///
    /// # Errors
    /// Those of [`Params::new`].
    pub const fn build(&self) -> Result<Params> {
        let Params { m_cost, t_cost, p_cost, keyid, data, output_len } = self.params;
        match Params::new(m_cost, t_cost, p_cost, output_len) {
            Ok(params) => Ok(Params { keyid, data, ..params }),
            Err(error) => Err(error),
        }
    }

    /// Returns an [`Argon2`] with these parameters and no secret.
    ///
    /// # Errors
    /// Those of [`Params::new`].
    pub fn context(&self, algorithm: Algorithm, version: Version) -> Result<Argon2<'_>> {
        Ok(Argon2::new(algorithm, version, self.build()?))
    }
}

impl Default for ParamsBuilder {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<ParamsBuilder> for Params {
    type Error = Error;

    fn try_from(builder: ParamsBuilder) -> Result<Self> {
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_returns_all_parameters() {
        let mut builder = ParamsBuilder::new();
        builder.m_cost(64).t_cost(3).p_cost(4).output_len(16);
        builder.keyid(KeyId::new(b"key").unwrap()).data(AssociatedData::new(b"data").unwrap());
        let params = builder.build().unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (64, 3, 4));
        assert_eq!((params.keyid(), params.data()), (&b"key"[..], &b"data"[..]));
        assert_eq!(params.output_len(), Some(16));
        assert_eq!(Params::try_from(builder), Ok(params));
    }

    #[test]
    fn build_refuses_parameters_out_of_bounds() {
        assert_eq!(ParamsBuilder::new().m_cost(7).build(), Err(Error::MemoryTooLittle));
        assert_eq!(ParamsBuilder::new().t_cost(0).build(), Err(Error::TimeTooSmall));
        assert_eq!(ParamsBuilder::new().p_cost(0).build(), Err(Error::ThreadsTooFew));
        assert_eq!(ParamsBuilder::new().p_cost(1 << 24).build(), Err(Error::ThreadsTooMany));
        assert_eq!(ParamsBuilder::new().output_len(3).build(), Err(Error::OutputTooShort));
        assert_eq!(ParamsBuilder::DEFAULT.build(), Ok(Params::default()));
    }
}
