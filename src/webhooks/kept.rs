//! Endpoints on either database: what is said to both is the same.

use async_trait::async_trait;
use standing_projections::Instant;

use super::{DeadLetter, Endpoint, Endpoints, WebhookSecret};
use crate::access::{PostgresStore, SqliteStore};
use crate::ledger::StoreError;
use crate::readmodel::Told;

const ADD: &str = "INSERT INTO webhooks \
    (id, url, secret, note, created, epoch, last, tried, due) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $5)";

const ALL: &str = "SELECT id, url, secret, note, created, ended, epoch, last, anew, tried, due, failure, \
    (SELECT count(*) FROM webhook_dead WHERE webhook = id), \
    (SELECT count(*) FROM webhook_dead WHERE webhook = id AND resend = 1) \
    FROM webhooks ORDER BY created, id";

const REMOVE_DEAD: &str = "DELETE FROM webhook_dead WHERE webhook = $1";

const REMOVE: &str = "DELETE FROM webhooks WHERE id = $1";

const MOVE_ON: &str = "UPDATE webhooks SET last = $4, tried = 0, due = $5, failure = $6 \
    WHERE id = $1 AND epoch = $2 AND last = $3";

const LAY_ASIDE: &str = "INSERT INTO webhook_dead (webhook, epoch, number, body, at, failure, resend) \
    VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT DO NOTHING";

const ANEW: &str = "UPDATE webhooks SET epoch = $4, last = 0, tried = 0, due = $5, \
    anew = CASE WHEN epoch IS NULL THEN anew ELSE $5 END \
    WHERE id = $1 AND COALESCE(epoch, '') = $2 AND last = $3";

const FAILED: &str = "UPDATE webhooks SET tried = $4, due = $5, failure = $6 \
    WHERE id = $1 AND epoch = $2 AND last = $3";

const END: &str = "UPDATE webhooks SET ended = COALESCE(ended, $2) WHERE id = $1";

const DEAD: &str = "SELECT webhook, epoch, number, body, at, failure, resend FROM webhook_dead \
    WHERE ($1 = '' OR webhook = $1) AND resend >= $2 ORDER BY webhook, at, epoch, number LIMIT $3";

const RESEND: &str = "UPDATE webhook_dead SET resend = 1 \
    WHERE webhook = $1 AND ($2 = '' OR (epoch = $2 AND number = $3))";

const TAKEN: &str = "DELETE FROM webhook_dead WHERE webhook = $1 AND epoch = $2 AND number = $3";

const STILL_DEAD: &str = "UPDATE webhook_dead SET resend = 0, at = $4, failure = $5 \
    WHERE webhook = $1 AND epoch = $2 AND number = $3";

/// A row of [`ALL`].
type Row = (
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
    i64,
    Option<i64>,
    i64,
    i64,
    Option<String>,
    i64,
    i64,
);

/// A row of [`DEAD`].
type DeadRow = (String, String, i64, String, i64, String, i64);

fn endpoint_of(row: Row) -> Result<Endpoint, StoreError> {
    let (
        id,
        url,
        secret,
        note,
        created,
        ended,
        epoch,
        last,
        anew,
        tried,
        due,
        failure,
        dead,
        again,
    ) = row;
    let secret: Result<WebhookSecret, _> = secret.parse();
    let last = last.cast_unsigned();
    Ok(Endpoint {
        secret: secret.map_err(|wrong| StoreError::Damaged {
            detail: format!("{wrong}, and that of `{id}` is not"),
        })?,
        id,
        url,
        note,
        created: Instant::from_micros_clamped(created),
        ended: ended.map(Instant::from_micros_clamped),
        place: epoch.map(|epoch| Told { epoch, last }),
        begun_anew: anew.map(Instant::from_micros_clamped),
        tried: u32::try_from(tried).unwrap_or(u32::MAX),
        due: Instant::from_micros_clamped(due),
        failure,
        dead: dead.cast_unsigned(),
        resending: again.cast_unsigned(),
    })
}

fn letter_of(row: DeadRow) -> DeadLetter {
    let (webhook, epoch, number, body, at, failure, resend) = row;
    DeadLetter {
        webhook,
        id: Told {
            epoch,
            last: number.cast_unsigned(),
        },
        body,
        at: Instant::from_micros_clamped(at),
        failure,
        resend: resend != 0,
    }
}

/// The place of an endpoint as it is kept.
fn kept(place: Option<&Told>) -> (&str, i64) {
    place.map_or(("", 0), |place| (&place.epoch, place.last.cast_signed()))
}

macro_rules! endpoints {
    ($store:ty) => {
        impl $store {
            async fn write_move(
                &self,
                was: &Endpoint,
                place: &Told,
                now: Instant,
                dead: Option<&DeadLetter>,
            ) -> Result<bool, sqlx::Error> {
                let (epoch, last) = kept(was.place.as_ref());
                let mut transaction = self.pool.begin().await?;
                let moved = sqlx::query(MOVE_ON)
                    .bind(&was.id)
                    .bind(epoch)
                    .bind(last)
                    .bind(place.last.cast_signed())
                    .bind(now.micros())
                    .bind(dead.map(|dead| &dead.failure))
                    .execute(&mut *transaction)
                    .await?;
                let moved = moved.rows_affected() == 1;
                if let Some(dead) = dead.filter(|_| moved) {
                    sqlx::query(LAY_ASIDE)
                        .bind(&dead.webhook)
                        .bind(&dead.id.epoch)
                        .bind(dead.id.last.cast_signed())
                        .bind(&dead.body)
                        .bind(dead.at.micros())
                        .bind(&dead.failure)
                        .execute(&mut *transaction)
                        .await?;
                }
                transaction.commit().await?;
                Ok(moved)
            }

            async fn write_removal(&self, id: &str) -> Result<bool, sqlx::Error> {
                let mut transaction = self.pool.begin().await?;
                sqlx::query(REMOVE_DEAD)
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
                let removed = sqlx::query(REMOVE)
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await?;
                Ok(removed.rows_affected() == 1)
            }
        }

        #[async_trait]
        impl Endpoints for $store {
            async fn add_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
                let secret = endpoint.secret.to_text();
                let added = sqlx::query(ADD)
                    .bind(&endpoint.id)
                    .bind(&endpoint.url)
                    .bind(secret.as_str())
                    .bind(&endpoint.note)
                    .bind(endpoint.created.micros())
                    .bind(endpoint.place.as_ref().map(|place| place.epoch.as_str()))
                    .bind(kept(endpoint.place.as_ref()).1)
                    .execute(&self.pool)
                    .await;
                added.map(drop).map_err(|error| self.failure(error))
            }

            async fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
                let rows: Result<Vec<Row>, _> = sqlx::query_as(ALL).fetch_all(&self.pool).await;
                let rows = rows.map_err(|error| self.failure(error))?;
                rows.into_iter().map(endpoint_of).collect()
            }

            async fn remove_endpoint(&self, id: &str) -> Result<bool, StoreError> {
                let removed = self.write_removal(id).await;
                removed.map_err(|error| self.failure(error))
            }

            async fn move_on(
                &self,
                was: &Endpoint,
                place: &Told,
                now: Instant,
                dead: Option<&DeadLetter>,
            ) -> Result<bool, StoreError> {
                let moved = self.write_move(was, place, now, dead).await;
                moved.map_err(|error| self.failure(error))
            }

            async fn begin_anew(
                &self,
                was: &Endpoint,
                epoch: &str,
                now: Instant,
            ) -> Result<bool, StoreError> {
                let (old, last) = kept(was.place.as_ref());
                let begun = sqlx::query(ANEW)
                    .bind(&was.id)
                    .bind(old)
                    .bind(last)
                    .bind(epoch)
                    .bind(now.micros())
                    .execute(&self.pool)
                    .await;
                let begun = begun.map_err(|error| self.failure(error))?;
                Ok(begun.rows_affected() == 1)
            }

            async fn failed(
                &self,
                was: &Endpoint,
                due: Instant,
                failure: &str,
            ) -> Result<bool, StoreError> {
                let (epoch, last) = kept(was.place.as_ref());
                let noted = sqlx::query(FAILED)
                    .bind(&was.id)
                    .bind(epoch)
                    .bind(last)
                    .bind(i64::from(was.tried) + 1)
                    .bind(due.micros())
                    .bind(failure)
                    .execute(&self.pool)
                    .await;
                let noted = noted.map_err(|error| self.failure(error))?;
                Ok(noted.rows_affected() == 1)
            }

            async fn end_endpoint(&self, id: &str, now: Instant) -> Result<(), StoreError> {
                let ended = sqlx::query(END).bind(id).bind(now.micros());
                let ended = ended.execute(&self.pool).await;
                ended.map(drop).map_err(|error| self.failure(error))
            }

            async fn dead_letters(
                &self,
                webhook: Option<&str>,
                resend: bool,
                limit: u32,
            ) -> Result<Vec<DeadLetter>, StoreError> {
                let rows: Result<Vec<DeadRow>, _> = sqlx::query_as(DEAD)
                    .bind(webhook.unwrap_or_default())
                    .bind(i64::from(resend))
                    .bind(i64::from(limit))
                    .fetch_all(&self.pool)
                    .await;
                let rows = rows.map_err(|error| self.failure(error))?;
                Ok(rows.into_iter().map(letter_of).collect())
            }

            async fn resend(&self, webhook: &str, id: Option<&Told>) -> Result<u64, StoreError> {
                let (epoch, number) = kept(id);
                let marked = sqlx::query(RESEND).bind(webhook).bind(epoch).bind(number);
                let marked = marked.execute(&self.pool).await;
                let marked = marked.map_err(|error| self.failure(error))?;
                Ok(marked.rows_affected())
            }

            async fn resent(
                &self,
                letter: &DeadLetter,
                now: Instant,
                failure: Option<&str>,
            ) -> Result<(), StoreError> {
                let sql = sqlx::query(match failure {
                    None => TAKEN,
                    Some(_) => STILL_DEAD,
                });
                let sql = sql
                    .bind(&letter.webhook)
                    .bind(&letter.id.epoch)
                    .bind(letter.id.last.cast_signed());
                let sql = match failure {
                    None => sql,
                    Some(failure) => sql.bind(now.micros()).bind(failure),
                };
                let done = sql.execute(&self.pool).await;
                done.map(drop).map_err(|error| self.failure(error))
            }
        }
    };
}

endpoints!(SqliteStore);
endpoints!(PostgresStore);
