-- Somebody would look for the probabilities of a category in vain.
{{ config(severity='warn', enabled=target.type == 'duckdb') }}

with

seen as (
    select
        category,
        count(*) as users
    from {{ ref('user_category_actions') }}
    group by category
),

scored as (
    select distinct category
    from {{ ref('fund_probabilities') }}
),

left_out as (
    select
        count(*) as categories,
        max_by(seen.category, seen.users) as largest
    from seen
    left join scored on seen.category = scored.category
    where scored.category is null
)

select
    categories,
    concat(
        categories, ' categories are not scored, the largest of which is ', largest,
        ': there are more than {{ sql_number(var('max_categories')) }} (max_categories), ',
        'and no campaign names them. Add a line to seeds/campaigns.csv for each one to push for.'
    ) as message
from left_out
where
    categories > 0
    -- Without a network, nothing is scored.
    and (select count(*) from scored) > 0
