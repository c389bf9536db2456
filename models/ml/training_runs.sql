with

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

epochs as (
    select unnest(epochs) as epoch
    from attribute_network
),

training_runs as (
    select
        epoch.network,
        epoch.epoch,
        epoch.train_loss,
        epoch.valid_loss,
        epoch.device,
        epoch.seconds,
        epoch.rows,
        epoch.seed
    from epochs
)

select * from training_runs
