-- A slip in the seed, such as Sportz, would leave a campaign without an audience, or with half of
-- it, and nobody would know. A warning only: a category may be so new that nobody has seen it yet.
{{ config(severity='warn') }}

with

known as (
    select distinct category
    from {{ ref('events') }}
)

select
    campaigns.campaign,
    campaigns.category,
    concat(
        'No event is of the category ', campaigns.category, ' of campaign ', campaigns.campaign,
        '. Check the spelling in seeds/campaigns.csv, or add a line for a category that is there.'
    ) as message
from {{ ref('campaigns') }} as campaigns
left join known on campaigns.category = known.category
where known.category is null
