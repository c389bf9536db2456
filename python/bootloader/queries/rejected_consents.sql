-- Opt-outs and opt-ins that do not count, by file and reason.
select
    source_file,
    reason,
    records,
    example,
    remedy
from rejected_consents
order by records desc, source_file asc, reason asc
