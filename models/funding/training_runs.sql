with

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

fund_network as (
    select * from {{ ref('fund_network') }}
),

epochs as (
    select unnest(epochs) as epoch
    from attribute_network
    union all
    select unnest(epochs) as epoch
    from fund_network
),

training_runs as (
    select
        epoch.network,
        epoch.model_cutoff,
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
