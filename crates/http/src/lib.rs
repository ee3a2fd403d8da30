//! A tower service over any set of password-change specs
