-- The users whom the seed names. An id is taken as it is, and only a star stands for others.
with

excluded_users as (
    select
        {{ trimmed('session_id') }} as pattern,
        lower({{ trimmed('scope') }}) as scope,
        reason
    from {{ loaded_seed('excluded_users') }}
),

users as (
    select
        session_id,
        count(*) as records
    from {{ ref('validated_records') }}
    where session_id is not null
    group by session_id
),

matched as (
    select
        users.session_id,
        users.records,
        excluded_users.pattern,
        excluded_users.scope,
        excluded_users.reason
    from excluded_users
    inner join users on excluded_users.pattern = users.session_id
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
            users.session_id,
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
        records
    from ranked
    where exclusion_number = 1
)

select * from user_exclusions
