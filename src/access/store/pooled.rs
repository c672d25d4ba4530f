//! The store on either database: what is said to both is the same.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{PgPool, SqlitePool};
use standing_projections::Instant;

use super::{
    ADD, FIND, KEEP, LET_GO, REFUSALS, REVOKE, RefusalRow, Store, TOKENS, TokenRow, refusal_of,
    token_of,
};
use crate::access::{RefusedAccess, Token, TokenHash};
use crate::ledger::{StoreError, postgres, sqlite};

macro_rules! store {
    ($(#[$meta:meta])* $name:ident, $pool:ty, $failure:path) => {
        $(#[$meta])*
        pub(crate) struct $name {
            pub(crate) pool: $pool,
            pub(super) patience: Duration,
        }

        impl $name {
            pub(crate) fn failure(&self, error: sqlx::Error) -> StoreError {
                $failure(error, self.patience)
            }

            async fn write_refusals(&self, refused: &[RefusedAccess], kept: u32) -> Result<(), sqlx::Error> {
                let mut transaction = self.pool.begin().await?;
                for one in refused {
                    sqlx::query(KEEP)
                        .bind(one.at.micros())
                        .bind(i64::from(one.status))
                        .bind(&one.code)
                        .bind(&one.method)
                        .bind(&one.path)
                        .bind(&one.peer)
                        .bind(&one.token)
                        .bind(&one.request)
                        .execute(&mut *transaction)
                        .await?;
                }
                sqlx::query(LET_GO)
                    .bind(i64::from(kept))
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await
            }
        }

        #[async_trait]
        impl Store for $name {
            async fn add(&self, token: &Token, hash: &TokenHash) -> Result<(), StoreError> {
                let added = sqlx::query(ADD)
                    .bind(&token.id)
                    .bind(hash.as_slice())
                    .bind(token.role.as_str())
                    .bind(&token.subject)
                    .bind(&token.actor)
                    .bind(&token.note)
                    .bind(token.limits.rate.map(i64::from))
                    .bind(token.limits.body_max.map(u64::cast_signed))
                    .bind(token.limits.time_max.map(i64::from))
                    .bind(token.created.micros())
                    .bind(token.expires.map(Instant::micros))
                    .bind(token.revoked.map(Instant::micros))
                    .execute(&self.pool)
                    .await;
                added.map(drop).map_err(|error| self.failure(error))
            }

            async fn find(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError> {
                let row: Result<Option<TokenRow>, _> = sqlx::query_as(FIND)
                    .bind(hash.as_slice())
                    .fetch_optional(&self.pool)
                    .await;
                let row = row.map_err(|error| self.failure(error))?;
                row.map(token_of).transpose()
            }

            async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
                let rows: Result<Vec<TokenRow>, _> = sqlx::query_as(TOKENS).fetch_all(&self.pool).await;
                let rows = rows.map_err(|error| self.failure(error))?;
                rows.into_iter().map(token_of).collect()
            }

            async fn revoke(&self, id: &str, at: Instant) -> Result<Option<Token>, StoreError> {
                let row: Result<Option<TokenRow>, _> = sqlx::query_as(REVOKE)
                    .bind(id)
                    .bind(at.micros())
                    .fetch_optional(&self.pool)
                    .await;
                let row = row.map_err(|error| self.failure(error))?;
                row.map(token_of).transpose()
            }

            async fn keep_refusals(&self, refused: &[RefusedAccess], kept: u32) -> Result<(), StoreError> {
                let written = self.write_refusals(refused, kept).await;
                written.map_err(|error| self.failure(error))
            }

            async fn refusals(
                &self,
                before: Option<i64>,
                limit: u32,
            ) -> Result<Vec<(i64, RefusedAccess)>, StoreError> {
                let rows: Result<Vec<RefusalRow>, _> = sqlx::query_as(REFUSALS)
                    .bind(before.unwrap_or(i64::MAX))
                    .bind(i64::from(limit))
                    .fetch_all(&self.pool)
                    .await;
                let rows = rows.map_err(|error| self.failure(error))?;
                rows.into_iter().map(refusal_of).collect()
            }

            async fn close(&self) {
                self.pool.close().await;
            }
        }
    };
}

store!(
    /// A SQLite file beside the ledger's.
    SqliteStore, SqlitePool, sqlite::failure
);
store!(
    /// A schema of the ledger's database.
    PostgresStore, PgPool, postgres::failure
);
