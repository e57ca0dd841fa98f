//! The functions of this release, in a schema of their own beside the one of the tables.
//!
//! Tables are migrated, functions are not: a release brings all of its own and finds them under a name that no other one
//! uses. So several releases work on one database, and a release that comes back finds its functions as they were.

use tokio_postgres::Client;

/// Each holds one thought; later ones use what earlier ones define.
const FILES: [&str; 10] = [
    include_str!("../../api/postgres/words.sql"),
    include_str!("../../api/postgres/names.sql"),
    include_str!("../../api/postgres/user_data.sql"),
    include_str!("../../api/postgres/counts.sql"),
    include_str!("../../api/postgres/book.sql"),
    include_str!("../../api/postgres/replace.sql"),
    include_str!("../../api/postgres/leases.sql"),
    include_str!("../../api/postgres/purge.sql"),
    include_str!("../../api/postgres/call_ins_and_settings.sql"),
    include_str!("../../api/postgres/nodes.sql"),
];

/// Tells these functions from those of every release whose functions differ, without a number that somebody would have
/// to raise: FNV-1a of all their text.
const MARK: u32 = {
    let mut mark: u32 = 0x811c_9dc5;
    let mut file = 0;
    while file < FILES.len() {
        let text = FILES[file].as_bytes();
        let mut place = 0;
        while place < text.len() {
            mark = (mark ^ text[place] as u32).wrapping_mul(0x0100_0193);
            place += 1;
        }
        file += 1;
    }
    mark
};

/// What the name of the schema gets behind that of the tables.
const ENDING: &str = "_api_";

/// A schema of tables may have a name as long as this, so that there is room for the ending and the mark.
pub(super) const NAME_MAX: usize = 63 - ENDING.len() - 8;

/// The schema of the functions that belong to this schema of tables.
pub(super) fn schema_of(tables: &str) -> String {
    format!("{tables}{ENDING}{MARK:08x}")
}

/// Whether they are there.
pub(super) async fn is_installed(client: &Client, tables: &str) -> Result<bool, tokio_postgres::Error> {
    let known = format!("SELECT EXISTS (SELECT 1 FROM \"{tables}\".api WHERE name = $1)");
    Ok(client.query_one(&known, &[&schema_of(tables)]).await?.get(0))
}

/// Installs them for a release that knows this version of the tables, and removes those of releases that may not work
/// with them any more. To be done by one at a time.
pub(super) async fn install(
    client: &mut Client,
    tables: &str,
    known: u32,
) -> Result<(), tokio_postgres::Error> {
    let name = schema_of(tables);
    let known = i32::try_from(known).unwrap_or(i32::MAX);
    let installing = client.transaction().await?;
    let begin = format!("CREATE SCHEMA \"{name}\"; SET LOCAL search_path = \"{name}\", \"{tables}\"");
    installing.batch_execute(&begin).await?;
    for file in FILES {
        installing.batch_execute(file).await?;
    }
    // They may be used by whoever may use the tables; by themselves they give access to nothing.
    installing.batch_execute(&format!("GRANT USAGE ON SCHEMA \"{name}\" TO PUBLIC")).await?;
    installing
        .execute(
            "INSERT INTO api (name, release, version) VALUES ($1, $2, $3)",
            &[&name, &env!("CARGO_PKG_VERSION"), &known],
        )
        .await?;
    let outdated = "DELETE FROM api WHERE version < (SELECT version FROM schema_floor) RETURNING name";
    for row in installing.query(outdated, &[]).await? {
        let name: &str = row.get(0);
        installing.batch_execute(&format!("DROP SCHEMA IF EXISTS \"{name}\" CASCADE")).await?;
    }
    installing.commit().await
}
