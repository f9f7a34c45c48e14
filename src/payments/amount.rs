//! Exact amounts: the decimal text of a `numeric` column ↔ the provider's minor units (D-15). No floating point anywhere.
//!
//! Currencies with two decimals or none are taken; those with three or four are refused by name. `payments.minor_unit_factor`
//! in the database is the same rule, and a test compares the two.

use std::fmt;

/// Whole units only, and the provider counts them as they are.
const ZERO_DECIMAL: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Whole units only, yet the provider counts hundredths.
const WHOLE_IN_HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];
/// More than two decimals: the ledger's column cannot hold them.
const TOO_FINE: [&str; 9] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND", "CLF", "UYW"];

/// A currency that payments can be made in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// An amount of a currency in the provider's units: cents, or whole yen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor(pub i64);

/// Why an amount cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// No code of three letters.
    #[error("`{0}` is no currency: three letters, such as USD")]
    NoCurrency(String),
    /// Three or four decimals.
    #[error("payments in {0} are not possible: the currency has more than two decimals")]
    TooFine(String),
    /// Not a decimal number.
    #[error("`{0}` is no amount")]
    NoAmount(String),
    /// More decimals than the currency has.
    #[error("{amount} {currency} has more decimals than the currency")]
    TooManyDecimals {
        /// As given.
        amount: String,
        /// Its currency.
        currency: String,
    },
    /// Beyond what 64 bits hold.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

impl Currency {
    /// Reads an ISO 4217 code in any case.
    ///
    /// # Errors
    /// [`AmountError::NoCurrency`], [`AmountError::TooFine`].
    pub fn parse(code: &str) -> Result<Self, AmountError> {
        let upper = code.to_ascii_uppercase();
        let letters: [u8; 3] = upper.as_bytes().try_into().map_err(|_| AmountError::NoCurrency(code.to_owned()))?;
        if !letters.iter().all(u8::is_ascii_uppercase) {
            return Err(AmountError::NoCurrency(code.to_owned()));
        }
        if TOO_FINE.contains(&upper.as_str()) {
            return Err(AmountError::TooFine(upper));
        }
        Ok(Self(letters))
    }

    /// The code in capitals.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Decimals that an amount may have: 0 or 2.
    pub fn decimals(self) -> u32 {
        if ZERO_DECIMAL.contains(&self.code()) || WHOLE_IN_HUNDREDTHS.contains(&self.code()) { 0 } else { 2 }
    }

    /// The provider's units in one unit: 1 or 100.
    pub fn factor(self) -> i64 {
        if ZERO_DECIMAL.contains(&self.code()) { 1 } else { 100 }
    }

    /// Decimal text, as PostgreSQL prints a `numeric`, in the provider's units.
    ///
    /// # Errors
    /// [`AmountError::NoAmount`], [`AmountError::TooManyDecimals`], [`AmountError::TooLarge`].
    pub fn minor(self, amount: &str) -> Result<Minor, AmountError> {
        let refuse = || AmountError::NoAmount(amount.to_owned());
        let (negative, digits) = amount.strip_prefix('-').map_or((false, amount), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let only_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !only_digits(whole) || !only_digits(fraction) || digits.ends_with('.') {
            return Err(refuse());
        }
        let decimals = self.decimals() as usize;
        let (kept, beyond) = fraction.split_at(fraction.len().min(decimals));
        if beyond.bytes().any(|byte| byte != b'0') {
            return Err(AmountError::TooManyDecimals { amount: amount.to_owned(), currency: self.code().to_owned() });
        }
        let too_large = || AmountError::TooLarge(amount.to_owned());
        let whole: i64 = whole.parse().map_err(|_| too_large())?;
        let hundredths: i64 = match kept.len() {
            0 => 0,
            1 => kept.parse::<i64>().map_err(|_| refuse())? * 10,
            _ => kept.parse().map_err(|_| refuse())?,
        };
        let minor = whole.checked_mul(self.factor()).and_then(|units| units.checked_add(hundredths));
        let minor = minor.ok_or_else(too_large)?;
        Ok(Minor(if negative { -minor } else { minor }))
    }

    /// The provider's units as decimal text with the currency's decimals.
    pub fn decimal(self, minor: Minor) -> String {
        let sign = if minor.0 < 0 { "-" } else { "" };
        let (units, factor) = (minor.0.unsigned_abs(), self.factor().unsigned_abs());
        if factor == 1 || (self.decimals() == 0 && units.is_multiple_of(factor)) {
            return format!("{sign}{}", units / factor);
        }
        format!("{sign}{}.{:02}", units / factor, units % factor)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn every_amount_below_ten_thousand_keeps_its_cents() {
        let usd = currency("usd");
        for cents in 1..=999_999_i64 {
            let text = format!("{}.{:02}", cents / 100, cents % 100);
            assert_eq!(usd.minor(&text), Ok(Minor(cents)), "{text}");
            assert_eq!(usd.decimal(Minor(cents)), text);
        }
    }

    #[test]
    fn currencies_have_two_decimals_or_none() {
        assert_eq!(currency("JPY").minor("5000"), Ok(Minor(5000)));
        assert_eq!(currency("JPY").minor("5000.00"), Ok(Minor(5000)), "as a numeric(10,2) prints it");
        assert!(matches!(currency("JPY").minor("50.5"), Err(AmountError::TooManyDecimals { .. })));
        assert_eq!(currency("ISK").minor("5"), Ok(Minor(500)), "the provider counts hundredths");
        assert!(matches!(currency("UGX").minor("5.50"), Err(AmountError::TooManyDecimals { .. })));
        assert_eq!(currency("ISK").decimal(Minor(500)), "5");
        assert_eq!(currency("JPY").decimal(Minor(5000)), "5000");
        assert_eq!(currency("EUR").minor("0.1"), Ok(Minor(10)));
        assert_eq!(currency("EUR").minor("-0.05"), Ok(Minor(-5)));
        assert_eq!(currency("EUR").decimal(Minor(-5)), "-0.05");
    }

    #[test]
    fn three_decimals_are_refused_by_name() {
        for code in TOO_FINE {
            let refusal = Currency::parse(code).unwrap_err();
            assert_eq!(refusal, AmountError::TooFine(code.to_owned()));
            assert!(refusal.to_string().contains(code));
        }
        for code in ["", "US", "USDT", "U$D", "ÜSD"] {
            assert_eq!(Currency::parse(code), Err(AmountError::NoCurrency(code.to_owned())), "{code}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let usd = currency("USD");
        for text in ["", ".5", "5.", "1e3", "NaN", "Infinity", "1,000", " 5", "+5", "--5", "0x10", "٣"] {
            assert_eq!(usd.minor(text), Err(AmountError::NoAmount(text.to_owned())), "{text}");
        }
        assert!(matches!(usd.minor("0.001"), Err(AmountError::TooManyDecimals { .. })));
        assert!(matches!(usd.minor("92233720368547758.08"), Err(AmountError::TooLarge(_))));
        assert!(matches!(usd.minor("99999999999999999999"), Err(AmountError::TooLarge(_))));
    }
}
