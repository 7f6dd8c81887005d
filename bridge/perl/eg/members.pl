#!/usr/bin/perl
# Reads members from two CSV files, one in Latin-1 with decimal commas and one in UTF-8, and lets Python's statistics and
# datetime do what core Perl has no module for. What a small report script looks like with the bridge.
use strict;
use warnings;

use File::Basename qw(basename);
use FindBin;
use lib "$FindBin::Bin/../lib";
use CPANBridge;

binmode STDOUT, ':encoding(UTF-8)';

my %encoding_of = ( 'members-latin1.csv' => 'iso-8859-1', 'members-utf8.csv' => 'UTF-8' );
my $today_text = @ARGV ? shift : '2026-11-23';

my $bridge   = CPANBridge->new;
my $datetime = $bridge->import_python('datetime');

# What split returns are strings, and Python's date wants numbers: 0 + makes one of each.
my $today = $datetime->date( map { 0 + $_ } split /-/, $today_text );

my @members;
for my $file ( sort keys %encoding_of ) {
    my $path = "$FindBin::Bin/data/$file";
    open my $in, "<:encoding($encoding_of{$file})", $path or die "$path: $!\n";
    <$in>;    # the headings
    while ( my $line = <$in> ) {
        chomp $line;
        my ( $name, $born, $amount ) = split /;/, $line;
        $amount =~ tr/,/./;
        push @members, { name => $name, born => $born, amount => 0 + $amount, file => basename($path) };
    }
}

# Python knows its calendar: the date of the 29 February, and whose birthday comes next.
for my $member (@members) {
    my $born = $bridge->call( 'datetime', 'date.fromisoformat', $member->{born} );
    $member->{weekday} = $born->strftime('%A');
    $member->{days} = $bridge->call( 'operator', 'sub', $today, $born )->days;
}

printf "%-12s %-10s %-10s %8s %10s\n", 'Name', 'Born', 'on a', 'Days', 'Amount';
for my $member ( sort { $b->{days} <=> $a->{days} } @members ) {
    printf "%-12s %-10s %-10s %8d %10.2f\n", @$member{qw(name born weekday days amount)};
}

my @amounts = map { $_->{amount} } @members;
print "\n";
for my $figure (qw(mean median stdev)) {
    printf "%-8s %8.2f\n", $figure, $bridge->call( 'statistics', $figure, \@amounts );
}
my $quartiles = $bridge->call_with( 'statistics', 'quantiles', [ \@amounts ], { n => 4, method => 'inclusive' } );
printf "%-8s %s\n", 'quartiles', join ' ', map { sprintf '%.2f', $_ } @$quartiles;

# Which names are close to what somebody typed?
my $near = $bridge->call( 'difflib', 'get_close_matches', 'Muller', [ map { $_->{name} } @members ], 1 );
print "\nDid you mean $near->[0]?\n";
