#!/bin/sh
# seeds.sh CORACLE FOLDER: small files of every kind for the targets to begin
# with, FOLDER/KIND/*.
set -e
coracle=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder/store" "$folder/model"
cd "$folder"
trap 'rm -f text.csv titles.csv' EXIT

cat > text.csv <<END
user,item,rating,time
ann,10,4,100
bob,11,3,99
ann,11,2.5,101
zoë,10,5,7
END
printf 'item,title\n10,Heat\n11,"Alien, again"\n' > titles.csv

"$coracle" ingest text.csv -o store/text.h5 --titles titles.csv --shards 2 -q
"$coracle" ingest text.csv -o store/packed.h5 --shards 3 --compress -q
"$coracle" generate -o store/numbers.h5 --users 4 --items 3 --interactions 9 -q
"$coracle" als store/text.h5 -o model/als.h5 --factors 2 --bias --iterations 2 -q
