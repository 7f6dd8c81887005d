package LWP::ConnCache;

use 5.014;
use strict;
use warnings;

our $VERSION = '6.68';
our $DEBUG;

# A connection is kept as [ connection, type, key, time ]; the oldest is the first.

sub new {
    my ( $class, %option ) = @_;
    my $self = bless { cc_conns => [] }, $class;
    my $most = exists $option{total_capacity} ? $option{total_capacity} : 1;
    $self->total_capacity($most);
    return $self;
}

sub deposit {
    my ( $self, $type, $key, $connection ) = @_;
    push @{ $self->{cc_conns} }, [ $connection, $type, $key, time ];
    $self->enforce_limits($type);
    return;
}

sub withdraw {
    my ( $self, $type, $key ) = @_;
    my $kept = $self->{cc_conns};
    for my $i ( 0 .. $#$kept ) {
        next if $kept->[$i][1] ne $type || $kept->[$i][2] ne $key;
        my ($found) = splice @$kept, $i, 1;
        return $found->[0];
    }
    return undef;    ## no critic (ProhibitExplicitReturnUndef)
}

sub total_capacity {
    my ( $self, @new ) = @_;
    my $old = $self->{cc_limit_total};
    if (@new) { $self->{cc_limit_total} = $new[0]; $self->enforce_limits }
    return $old;
}

sub capacity {
    my ( $self, $type, @new ) = @_;
    my $old = $self->{cc_limit}{$type};
    if (@new) { $self->{cc_limit}{$type} = $new[0]; $self->enforce_limits($type) }
    return $old;
}

sub enforce_limits {
    my ( $self, $type ) = @_;
    my $kept = $self->{cc_conns};
    for my $of ( defined $type ? $type : $self->get_types ) {
        my $most = $self->{cc_limit}{$of};
        next if !defined $most;
        my @places = grep { $kept->[$_][1] eq $of } 0 .. $#$kept;
        while ( @places > $most ) {
            my ($gone) = splice @$kept, shift @places, 1;
            $_-- for @places;
            $self->dropping( $gone, "$of capacity exceeded" );
        }
    }
    if ( defined( my $most = $self->{cc_limit_total} ) ) {
        while ( @$kept > $most ) { $self->dropping( shift @$kept, 'Total capacity exceeded' ) }
    }
    return;
}

sub dropping {
    my ( $self, $record, $reason ) = @_;
    print "DROPPING @$record ($reason)\n" if $DEBUG;
    return;
}

sub drop {
    my ( $self, $checker, $reason ) = @_;
    my $check = $checker;
    if ( !ref $checker ) {
        if    ( !defined $checker )        { $check = sub { 1 } }
        elsif ( $checker =~ /\A\d+\z/ ) { my $before = time - $checker; $check = sub { $_[3] < $before }; $reason ||= "older than $checker" }
        else                               { $check = sub { $_[1] eq $checker }; $reason ||= "drop $checker" }
    }
    $reason ||= 'drop';
    my ( @kept, @gone );
    for my $record ( @{ $self->{cc_conns} } ) {
        if   ( $check->(@$record) ) { push @gone, $record }
        else                        { push @kept, $record }
    }
    $self->{cc_conns} = \@kept;
    $self->dropping( $_, $reason ) for @gone;
    return @gone;
}

sub prune {
    my ($self) = @_;
    return $self->drop( sub { my ($connection) = @_; return $connection->can('ping') && !$connection->ping }, 'ping' );
}

sub get_types {
    my ($self) = @_;
    my %seen;
    return grep { !$seen{$_}++ } map { $_->[1] } @{ $self->{cc_conns} };
}

sub get_connections {
    my ( $self, $type ) = @_;
    my @found = map { $_->[0] } grep { !defined $type || $_->[1] eq $type } @{ $self->{cc_conns} };
    return @found;
}

1;

__END__

=head1 NAME

LWP::ConnCache - connections that are used again

=head1 SYNOPSIS

    my $agent = LWP::UserAgent->new( keep_alive => 4 );
    $agent->conn_cache->total_capacity(10);

=head1 COVERED

All of it. Part of L<LWP>.

=cut
