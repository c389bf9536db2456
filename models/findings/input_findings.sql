{#- Of the amounts of a file; those that end in 0 have fewer digits. -#}
{%- set share_of_thousands = 0.8 -%}
{%- set fewest_amounts = 20 -%}
-- What may be wrong with what was read, one message each, with what to do.
with

fundings as (
    select
        source_file,
        amount,
        abs(amount * 1000 - round(amount * 1000)) < 1e-6 * greatest(1, abs(amount)) as has_three,
        abs(amount * 100 - round(amount * 100)) < 1e-6 * greatest(1, abs(amount)) as has_two
    from {{ ref('events') }}
    where amount is not null
),

amounts as (
    select
        source_file,
        count(*) as amounts,
        count(*) filter (where has_three and not has_two) as thousands,
        min(amount) filter (where has_three and not has_two) as example
    from fundings
    group by source_file
),

lone_refunds as (
    select
        source_file,
        count(*) as refunds,
        min(session_id) as session_id
    from {{ ref('refunds') }}
    where not has_funding
    group by source_file
),

unmerged as (
    select
        count(*) as ids,
        min(alias_id) as alias_id
    from {{ ref('user_aliases') }}
    where not is_merged
),

contradicted as (
    select
        source_file,
        count(*) as event_ids,
        bool_or(is_one_event) as is_any_one_event,
        min_by(source_event_id, concat(session_id, ' ', source_event_id)) as example
    from {{ ref('shared_event_ids') }}
    where is_contradicted
    group by source_file
),

input_findings as (
    select
        source_file as subject,
        concat(
            source_file, ': all ', format('{:,}', rejected_records), ' records ',
            coalesce(part, ''), ' are rejected, most as ''', reason, ''', such as ', example, '. ',
            remedy
        ) as message
    from {{ ref('rejection_findings') }}
    where part is not null
    union all
    select
        source_file as subject,
        concat(
            source_file, ': ', format('{:,}', rejected_records), ' of ',
            format('{:,}', file_records), ' records are rejected as ''', reason,
            ''', which is new, such as ', example, '. ', remedy
        ) as message
    from {{ ref('rejection_findings') }}
    where part is null
    union all
    select
        column_name as subject,
        message
    from {{ ref('column_findings') }}
    union all
    select
        source_file as subject,
        concat(
            source_file, ': nearly all amounts have three digits after the point, such as ',
            example, '. If the point stands between thousands, set decimal_mark to a comma.'
        ) as message
    from amounts
    where amounts >= {{ fewest_amounts }} and thousands > {{ share_of_thousands }} * amounts
    union all
    select
        source_file as subject,
        concat(
            source_file, ': ', format('{:,}', refunds),
            ' refunds cancel no funding, such as one of ', session_id,
            ': no earlier funding of that user and category has that amount or event_id. ',
            'Map partial refunds in a staging model. See the table refunds.'
        ) as message
    from lone_refunds
    union all
    select
        'user_aliases' as subject,
        concat(
            format('{:,}', ids), ' ids, such as ', alias_id, ', stay apart: with what they are ',
            'linked to, each would be one user of more than {{ sql_number(var('max_aliases')) }} ',
            'ids (max_aliases), as of a device that many share. Leave such links out.'
        ) as message
    from unmerged
    where ids > 0
    union all
    select
        source_file as subject,
        concat(
            source_file, ': ', format('{:,}', event_ids), ' values of event_id, such as ', example,
            ', name different events of a user, so they count as none. Give an identifier of each ',
            'event, or none.'
        ) as message
    from contradicted
)

select * from input_findings
