#!/usr/bin/perl
# Turns a configuration of an old version into one of the new version: servers become a list by name, switches become
# true and false, limits get defaults, and what nobody knows any more is told.
#
#   config-migration.pl old.xml new.xml
use strict;
use warnings;

use XML::Simple qw(:strict);

# Reading through XML::Parser is faster than through XML::SAX, and gives the same.
$XML::Simple::PREFERRED_PARSER = 'XML::Parser';

binmode STDOUT, ':encoding(UTF-8)';

my ( $old_file, $new_file ) = @ARGV;
die "usage: $0 old.xml new.xml\n" if !defined $new_file;

my %default = ( timeout => 30, retries => 3 );
my %known = map { $_ => 1 } qw(owner server option mailto limits);

my $old = XMLin( $old_file, ForceArray => [qw(server address option mailto)], KeyAttr => { server => 'name', option => 'name' } );

my %new = ( version => 2, owner => $old->{owner} );
for my $name ( sort keys %{ $old->{server} } ) {
    my $server = $old->{server}{$name};
    my ( $main, @others ) = @{ $server->{address} || [] };
    if ( !defined $main ) { print "server $name has no address and is left out\n"; next }
    $new{servers}{server}{$name} = {
        system  => lc $server->{osname} . ( defined $server->{osversion} ? " $server->{osversion}" : '' ),
        address => { primary => $main, ( @others ? ( fallback => \@others ) : () ) },
        ( defined $server->{note} ? ( comment => $server->{note} ) : () ),
    };
}
for my $name ( sort keys %{ $old->{option} || {} } ) {
    my $value = $old->{option}{$name}{value};
    $value = $value =~ /\A(?:on|yes|1)\z/i ? 'true' : $value =~ /\A(?:off|no|0)\z/i ? 'false' : $value;
    push @{ $new{settings}{set} }, { name => $name, value => $value };
}
for my $limit ( sort keys %default ) {
    my $value = $old->{limits}{$limit};
    $new{limits}{$limit} = [ defined $value ? $value : $default{$limit} ];
    print "limit $limit: $default{$limit}, which is new\n" if !defined $value;
}
$new{notify} = { address => $old->{mailto} } if $old->{mailto};
print "nobody knows $_ any more\n" for grep { !$known{$_} } sort keys %$old;

XMLout(
    \%new,
    OutputFile => $new_file,
    RootName   => 'configuration',
    KeyAttr    => { server => 'name' },
    XMLDecl    => q(<?xml version="1.0" encoding="UTF-8"?>),
);

# What was written must be what was meant.
my $again = XMLin( $new_file, ForceArray => [qw(server fallback set timeout retries)], KeyAttr => { server => 'name' } );
my @servers = sort keys %{ $again->{servers}{server} };
print scalar(@servers), " servers: @servers\n";
print "owner: $again->{owner}\n";
