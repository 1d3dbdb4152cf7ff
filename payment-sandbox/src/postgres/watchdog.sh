# Runs a server for as long as its parent lives. The parent holds the writing end of standard input.
# $1: temporary folder to remove at the end.  $2: file that gets the server's exit status.  The rest: the server.
remove=$1
ended=$2
shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
( read -r _ <&3; kill -INT "$server" ) &
watcher=$!
wait "$server"
status=$?
# From here on the server's number may belong to another process, so nobody may signal it any more.
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
echo "$status" >"$ended.part" && mv "$ended.part" "$ended"
# The folder with the log stays until the parent has read it, or is gone; "keep" means that it goes on using it.
order=
read -r order <&3
[ "$order" = keep ] || rm -rf -- "$remove"
