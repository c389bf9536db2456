-- The users whom the seed names. An id is taken as it is, and only a star stands for others.
with

excluded_users as (
    select
        {{ trimmed('session_id') }} as pattern,
        lower({{ trimmed('scope') }}) as scope,
        reason
    from {{ loaded_seed('excluded_users') }}
),

-- Any id of a user may be named.
users as (
    select
        records.session_id as alias_id,
        {{ user_of('records', 'aliases') }} as session_id,
        sum(count(*)) over (partition by {{ user_of('records', 'aliases') }}) as records
    from {{ ref('validated_records') }} as records
    left join {{ ref('user_aliases') }} as aliases on records.session_id = aliases.alias_id
    where records.session_id is not null
    group by records.session_id, {{ user_of('records', 'aliases') }}
),

matched as (
    select
        users.session_id,
        users.records,
        excluded_users.pattern,
        excluded_users.scope,
        excluded_users.reason
    from excluded_users
    inner join users on excluded_users.pattern = users.alias_id
    union all
    select
        users.session_id,
        users.records,
        excluded_users.pattern,
        excluded_users.scope,
        excluded_users.reason
    from excluded_users
    inner join users
        on {{ sql_function('regexp_matches') }}(
            users.alias_id,
            -- Between the two marks, a regular expression takes characters as they are.
            concat(
                {{ sql_text('(?s)^\\Q') }},
                replace(
                    replace(
                        excluded_users.pattern,
                        {{ sql_text('\\E') }},
                        {{ sql_text('\\E\\\\E\\Q') }}
                    ),
                    '*',
                    {{ sql_text('\\E.*\\Q') }}
                ),
                {{ sql_text('\\E$') }}
            )
        )
    where excluded_users.pattern like '%*%'
),

-- Who is named twice is left out of the most.
ranked as (
    select
        *,
        row_number() over (
            partition by session_id
            order by case when scope = 'pushes' then 1 else 0 end, pattern, reason
        ) as exclusion_number
    from matched
),

user_exclusions as (
    select
        session_id,
        -- A scope that is misspelled must not bring anybody back.
        case when scope = 'pushes' then 'pushes' else 'everything' end as scope,
        reason,
        pattern,
        cast(records as bigint) as records
    from ranked
    where exclusion_number = 1
)

select * from user_exclusions
