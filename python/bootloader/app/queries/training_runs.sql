select
    network,
    epoch,
    train_loss,
    device,
    seconds,
    rows,
    seed
from training_runs
order by network asc, epoch asc
