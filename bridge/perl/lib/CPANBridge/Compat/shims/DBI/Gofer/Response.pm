package DBI::Gofer::Response;

use strict;
use warnings;

use Exporter ();

use DBI ();

our $VERSION = '0.011566';
our @ISA     = 'Exporter';
our @EXPORT  = 'GOf_RESPONSE_EXECUTED';

# A flag: a statement was executed.
sub GOf_RESPONSE_EXECUTED () { return 1 }

# What an answer is made of; meta is what the receiver keeps beside it.
for my $field (qw(version rv err errstr state flags last_insert_id dbh_attributes sth_resultsets warnings meta)) {
    no strict 'refs';
    *$field = sub { my $self = shift; $self->{$field} = shift if @_; return $self->{$field} };
}

sub new {
    my ( $class, $fields ) = @_;
    my $self = bless { version => $VERSION, %{ $fields || {} } }, $class;
    $self->{$_} = undef for grep { !exists $self->{$_} } qw(rv err errstr state flags);
    return $self;
}

sub err_errstr_state { my ($self) = @_; return @$self{qw(err errstr state)} }

sub executed_flag_set { my ($self) = @_; return ( $self->{flags} || 0 ) & GOf_RESPONSE_EXECUTED }

# Adds an error to what is there; one that is there by number outranks a warning.
sub add_err {
    my ( $self, $err, $errstr, $state ) = @_;
    my $old = $self->{errstr};
    $self->{errstr} = defined $old && length $old ? "$old; $errstr" : $errstr;
    $self->{err} = $err if !$self->{err};
    $self->{state} = defined $state ? $state : '' if !defined $self->{state} || !length $self->{state};
    return 1;
}

sub summary_as_text {
    my ($self) = @_;
    my $text = 'response: rv=' . ( ref $self->{rv} ? '[' . DBI::neat_list( $self->{rv} ) . ']' : DBI::neat( $self->{rv} ) );
    $text .= sprintf ', err=%s %s', $self->{err}, DBI::neat( $self->{errstr} ) if defined $self->{err};
    $text .= sprintf ', %d rows of %d columns', scalar @{ $_->{rowset} }, $_->{NUM_OF_FIELDS} || 0 for grep { $_->{rowset} } @{ $self->{sth_resultsets} || [] };
    return $text;
}

sub outline_as_text { my ($self) = @_; return $self->summary_as_text }

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Response - what a server answers DBD::Gofer, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>. A hash of the same fields as the original's, so that either may be at the other end.

=head1 METHODS

=head2 new

=head2 version

=head2 rv

What the method returned: a list, or C<(sth)> where it was a statement.

=head2 err

=head2 errstr

=head2 state

=head2 err_errstr_state

=head2 flags

=head2 executed_flag_set

Whether a statement was executed.

=head2 last_insert_id

=head2 dbh_attributes

=head2 sth_resultsets

The results of a statement, each a hash of attributes with its rows as C<rowset>.

=head2 warnings

=head2 meta

=head2 add_err

=head2 summary_as_text

=head2 outline_as_text

=head1 CONSTANTS

=head2 GOf_RESPONSE_EXECUTED

=cut
