//! Verifier: what is kept of a password, and whether a password fits it. Argon2id, as a PHC string.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::password::Password;
use super::token::random;

/// How much a hash costs whoever makes one.
#[derive(Clone, Debug)]
pub(super) struct Cost(Params);

/// What a password is, held against a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Right,
    /// The verifier is not as it would be made today; this one would be.
    RightButOld(String),
    Wrong,
}

/// A stored verifier that was not made by us, or was changed since.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Corrupt;

/// The memory of one hash, used again for each; that of a verifier that asks for more than ours is given back.
#[derive(Default)]
pub(super) struct Workspace(Vec<Block>);

impl Default for Cost {
    /// The least that OWASP's Password Storage Cheat Sheet recommends: 19 MiB, 2 passes, 1 lane. About 25 ms.
    fn default() -> Self {
        Self::of(KIB, 2)
    }
}

impl Cost {
    fn of(kib: u32, passes: u32) -> Self {
        Self(Params::new(kib, passes, 1, Some(OUTPUT)).expect("within Argon2's bounds"))
    }

    /// For tests that are not about it.
    #[cfg(test)]
    pub(super) fn least() -> Self {
        Self::of(8, 1)
    }

    /// A verifier that no password is known to fit, and that costs as much as any.
    pub(super) fn decoy(&self) -> String {
        self.written(random(), &random())
    }

    /// A verifier for a password, with a salt of its own.
    pub(super) fn make(&self, password: &Password, space: &mut Workspace) -> String {
        let salt: [u8; SALT] = random();
        let output = space.hash(&self.0, password, &salt);
        self.written(salt, &output)
    }

    /// Whether `password` fits `verifier`.
    ///
    /// # Errors
    /// Where that is no verifier, or asks for more memory or time than we would ever have asked for. Nothing was then
    /// hashed.
    pub(super) fn check(&self, password: &Password, verifier: &str, space: &mut Workspace) -> Result<Fit, Corrupt> {
        let stored = PasswordHash::new(verifier).map_err(|_| Corrupt)?;
        let params = Params::try_from(&stored).map_err(|_| Corrupt)?;
        let (Some(salt), Some(hash)) = (&stored.salt, &stored.hash) else { return Err(Corrupt) };
        let ours = stored.algorithm.as_str() == Algorithm::Argon2id.as_ref() && stored.version == Some(VERSION.into());
        let bounded = params.m_cost() <= MOST_KIB && params.t_cost() <= MOST_PASSES && params.p_cost() <= MOST_LANES;
        if !ours || !bounded || hash.len() != OUTPUT {
            return Err(Corrupt);
        }
        let output = space.hash(&params, password, salt);
        // Compared in constant time.
        if Output::new(&output) != Ok(*hash) {
            // Otherwise a name with an old verifier could be told from one that nobody has by the time it takes.
            if let Some(rest) = self.beyond(&params) {
                space.hash(&rest, password, salt);
            }
            return Ok(Fit::Wrong);
        }
        let current =
            [params.m_cost(), params.t_cost(), params.p_cost()] == [self.0.m_cost(), self.0.t_cost(), self.0.p_cost()];
        Ok(if current { Fit::Right } else { Fit::RightButOld(self.make(password, space)) })
    }

    /// What makes up the difference to `params`, where they cost less.
    fn beyond(&self, params: &Params) -> Option<Params> {
        let passes = self.0.t_cost();
        let missing = work(&self.0).saturating_sub(work(params)) / passes;
        // Argon2 takes 8 KiB at least; less than that nobody notices.
        Params::new(missing, passes, 1, Some(OUTPUT)).ok()
    }

    fn written(&self, salt: [u8; SALT], output: &[u8; OUTPUT]) -> String {
        let written = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(VERSION.into()),
            params: (&self.0).try_into().expect("three numbers are parameters"),
            salt: Some(Salt::new(&salt).expect("16 bytes are a salt")),
            hash: Some(Output::new(output).expect("32 bytes are an output")),
        };
        written.to_string()
    }
}

/// KiB that are gone over.
fn work(params: &Params) -> u32 {
    params.m_cost().saturating_mul(params.t_cost())
}

impl Workspace {
    fn hash(&mut self, params: &Params, password: &Password, salt: &[u8]) -> [u8; OUTPUT] {
        if self.0.len() < params.block_count() {
            self.0.resize(params.block_count(), Block::default());
        }
        let mut output = [0; OUTPUT];
        Argon2::new(Algorithm::Argon2id, VERSION, params.clone())
            .hash_password_into_with_memory(password.bytes(), salt, &mut output, &mut self.0)
            .expect("parameters, lengths and memory were checked");
        self.0.truncate(MOST_KEPT);
        self.0.shrink_to(MOST_KEPT);
        output
    }
}

const VERSION: Version = Version::V0x13;
const SALT: usize = 16;
const OUTPUT: usize = 32;
/// The most that a stored verifier may ask for; more was never written by us.
const MOST_KIB: u32 = 131_072;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 4;
/// Blocks of 1 KiB.
const MOST_KEPT: usize = KIB as usize;
const KIB: u32 = 19_456;

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    fn check(cost: &Cost, text: &str, verifier: &str) -> Result<Fit, Corrupt> {
        cost.check(&password(text), verifier, &mut Workspace::default())
    }

    #[test]
    fn only_the_password_fits_its_verifier() {
        let cost = Cost::least();
        let verifier = cost.make(&password("s3cretpass"), &mut Workspace::default());
        assert!(verifier.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{verifier}");
        assert_eq!(check(&cost, "s3cretpass", &verifier), Ok(Fit::Right));
        assert_eq!(check(&cost, "s3cretpasS", &verifier), Ok(Fit::Wrong));
        assert_eq!(check(&cost, "s3cretpass", &cost.decoy()), Ok(Fit::Wrong));
        assert_ne!(cost.make(&password("s3cretpass"), &mut Workspace::default()), verifier, "each has its salt");
    }

    #[test]
    fn the_cost_is_what_owasp_recommends() {
        let decoy = Cost::default().decoy();
        assert!(decoy.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{decoy}");
    }

    #[test]
    fn a_wrong_password_costs_as_much_with_an_old_verifier_as_with_none() {
        let cost = Cost::default();
        for (kib, passes) in [(4096, 3), (8, 1), (19_456, 1), (12_288, 3), (19_456, 2)] {
            let old = Cost::of(kib, passes).0;
            let rest = cost.beyond(&old).map_or(0, |rest| work(&rest));
            assert!((work(&cost.0) - 16..=work(&cost.0)).contains(&(work(&old) + rest)), "{kib} KiB, {passes} passes");
        }
        assert!(cost.beyond(&Cost::of(65_536, 3).0).is_none());
        assert_eq!(check(&cost, "wrong-pass", REFERENCE), Ok(Fit::Wrong));
    }

    #[test]
    fn what_the_reference_implementation_made_is_read_and_made_anew() {
        let cost = Cost::least();
        let Ok(Fit::RightButOld(ours)) = check(&cost, "password", REFERENCE) else { panic!("it fits, and is old") };
        assert_eq!(check(&cost, "password", &ours), Ok(Fit::Right));
        assert_eq!(check(&cost, "passwore", REFERENCE), Ok(Fit::Wrong));
    }

    #[test]
    fn what_asks_for_too_much_or_is_no_verifier_is_corrupt() {
        let good = Cost::least().decoy();
        let with = |params: &str| good.replace("m=8,t=1,p=1", params);
        for verifier in [
            String::new(),
            "s3cretpass".into(),
            with("m=131073,t=1,p=1"),
            with("m=4294967295,t=1,p=1"),
            with("m=64,t=17,p=1"),
            with("m=64,t=1,p=5"),
            with("m=7,t=1,p=1"),
            with("m=64,t=0,p=1"),
            with("m=64,t=1,p=1,x=1"),
            good.replace("argon2id", "argon2i"),
            good.replace("v=19", "v=16"),
            good.replace("$v=19", ""),
            good[..good.len() - 4].to_owned(),
            good[..good.rfind('$').unwrap()].to_owned(),
        ] {
            assert_eq!(check(&Cost::least(), "s3cretpass", &verifier), Err(Corrupt), "{verifier}");
        }
    }

    /// From the tests of https://github.com/P-H-C/phc-winner-argon2, test.c.
    const REFERENCE: &str = "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
}
