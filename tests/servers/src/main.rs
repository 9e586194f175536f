//! Starts one server of each kind for whoever wants to try something by hand, prints where they are as lines that a
//! shell and the tests understand, and keeps them until its standard input ends or it is interrupted.
#![expect(clippy::print_stdout, reason = "it is what it is for")]

use std::io::Read as _;

#[tokio::main]
async fn main() {
    let (database, redis, cluster) =
        tokio::join!(servers::database(), servers::redis(), servers::redis_cluster());
    println!("SPARROW_VERIFY_TEST_POSTGRES_URL={}", database.url());
    println!("SPARROW_VERIFY_TEST_REDIS_URL={}", redis.url());
    println!("SPARROW_VERIFY_TEST_REDIS_CLUSTER_URL={}", cluster.url());
    // Whatever is typed is of no interest.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
