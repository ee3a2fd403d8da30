//! Compares the estimated times of verifications with measured ones, at high costs and with the
//! longest passwords: `cargo bench -p repass-hash-families --features full`.

use std::time::{Duration, Instant};

use repass_hash_families::{ForeignHash, Projects};

/// Texts with high costs, and the length of the longest password.
const TEXTS: [(&str, usize); 18] = [
    ("$2a$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", 72),
    ("$P$EJaFQsPzJSuenezefD/3jHgt5hVfNH0", 4096),
    ("$S$E33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf", 512),
    ("$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1", 4096),
    ("$5$rounds=200000$nacl$oiWPbm.kQ7.jTCZoOtdv7/tO5mWv/vxw5yTqlBagVR7", 511),
    (
        "$6$rounds=200000$saltstring$CF.N.0BYYN72qUcyvvSEsw6BVOF30ljypIAf09OO9srNHWPxyxF8MeuK7MXWjGoVlM.3yAAk/owEEJQEYuWsY1",
        511,
    ),
    (
        "$scrypt$ln=17,r=8,p=1$yhnD+J+Tci4lZCwFgHCuVQ$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
        4096,
    ),
    (
        "$scrypt$ln=18,r=8,p=4$yhnD+J+Tci4lZCwFgHCuVQ$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
        4096,
    ),
    ("$y$jDT$LdJMENpBABJJ3hIHjB1Bi.$75Df5HKEbv7YpMBHBP.WLJgJMbfhGefO43oMLN6a3jD", 4096),
    ("$pbkdf2$i=1000000$wJuJqLoUFsdXa8k3sFhRlA$XMGVWTbeKf4Xd+CGiuEZde8x7QA", 4096),
    (
        "$pbkdf2-sha256$i=1000000$wJuJqLoUFsdXa8k3sFhRlA$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
        4096,
    ),
    (
        "$pbkdf2-sha512$i=1000000$wJuJqLoUFsdXa8k3sFhRlA$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
        4096,
    ),
    ("_zz..zzzzLPryANbQomo", 4096),
    ("$md5,rounds=1000000$saltsalt$$9s7ao0KixSfjHqUf5dpg1.", 4096),
    ("{ssha256}20$aJckFGJAB30LTe10$ohUsB7LBPlgclE3hJg9x042DLJvQyxVCX.nZZLEz.g2", 4096),
    ("$sha1$1000000$QTmI6dfK$PoRx2igSsn2eRNeEKy27NVmBpf4Q", 4096),
    (
        "$mysql-sha2$0c8$f9cc98ce08892924f50a213b6bc571a2c11778c5$bTy95Y99eAME1dwEkHOA1ndHGBWz.1bxSSRkuTXFGV/",
        256,
    ),
    ("$symfony-sha1$i=10000$c2FsdA$q/eq1kOINtvlJqojGr3i0O73TUI", 4096),
];

#[expect(clippy::print_stdout, reason = "a benchmark prints its results")]
fn main() {
    println!("{:>10} {:>10} {:>6}  hash", "estimated", "measured", "ratio");
    for (text, longest) in TEXTS {
        let hash = match ForeignHash::parse(text) {
            Ok(hash) => hash,
            Err(error) => {
                println!("{text}: {error}");
                continue;
            }
        };
        let password = vec![b'x'; longest];
        let measured = (0..5).map(|_| time(&hash, &password)).min().unwrap_or_default();
        let estimated = hash.estimated_time();
        let ratio = measured.as_secs_f64() / estimated.as_secs_f64();
        println!("{estimated:>10.1?} {measured:>10.1?} {ratio:>6.2}  {hash:?}");
    }
}

fn time(hash: &ForeignHash, password: &[u8]) -> Duration {
    let start = Instant::now();
    let _ = hash.verify(password, &Projects::none());
    start.elapsed()
}
