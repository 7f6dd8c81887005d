package DBI::ProfileData;

use strict;
use warnings;

use Carp ();
use Fcntl qw(LOCK_SH LOCK_EX);

use CPANBridge::Compat::DBI::Profiling;

our $VERSION = '2.010008';

$Carp::Internal{ (__PACKAGE__) }++;

# What a node is made of, before its keys.
my %AT = ( count => 0, total => 1, first => 2, shortest => 3, longest => 4, first_at => 5, last_at => 6 );
my $KEYS = 7;

sub new {
    my ( $class, %wishes ) = @_;
    my $self = bless { Files => ['dbi.prof'], Filter => undef, DeleteFiles => 0, _header => undef, _nodes => [], _sorted => 'none', %wishes }, $class;
    $self->{Files} = [ delete $self->{File} ] if defined $self->{File};
    Carp::croak("$class->new: Files must be a reference to an array of names") if ref $self->{Files} ne 'ARRAY';
    Carp::croak("$class->new: Filter must be a reference to a sub") if $self->{Filter} && ref $self->{Filter} ne 'CODE';
    _read($self);
    return $self;
}

# --- reading --------------------------------------------------------------------------------------------------------

sub _read {
    my ($self) = @_;
    my ( %found, @done );
    for my $name ( @{ $self->{Files} } ) {
        my $from = $name;
        if ( $self->{DeleteFiles} ) {
            $from = "$name.deleteme";
            rename $name, $from or Carp::croak("Can't rename the profile $name to $from: $!");
            push @done, $from;
        }
        open my $in, $self->{DeleteFiles} ? '+<' : '<', $from or Carp::croak("Can't read the profile $from: $!");
        flock $in, $self->{DeleteFiles} ? LOCK_EX : LOCK_SH or Carp::croak("Can't lock the profile $from: $!");
        _read_one( $self, $in, $from, \%found );
        close $in;
    }
    unlink $_ or Carp::carp("Can't delete the profile $_: $!") for @done;
    return;
}

sub _read_one {
    my ( $self, $in, $name, $found ) = @_;
    local $/ = "\n";
    local $_;
    my $header = _header( $in, $name );
    $self->{_header} ||= $header;
    my @path;
    while (<$in>) {
        _chomp();
        if (/\A\+ (\d+) (.*)\z/s) {
            Carp::croak("$name line $.: a key of level $1 is not below one of level @{[ $1 - 1 ]}") if $1 < 1 || $1 > @path + 1;
            splice @path, $1 - 1, @path, _unescaped($2);
        }
        elsif (/\A=((?: \S+)+)\z/) {
            my @leaf = split ' ', $1;
            Carp::croak("$name line $.: a record has seven numbers, not '$1'") if @leaf != $KEYS || grep { !/\A[-+\d.eE]+\z/ } @leaf;
            _add( $self, $found, [@path], \@leaf );
        }
        elsif ( length $_ ) { Carp::croak("$name line $.: '$_' is no part of a profile") }
    }
    return;
}

sub _chomp { s/\r?\n\z//; utf8::decode($_); return }

sub _header {
    my ( $in, $name ) = @_;
    local $_ = <$in>;
    Carp::croak("The profile $name is empty") if !defined $_;
    _chomp();
    Carp::croak("$name is not a profile that DBI::ProfileDumper has written: it begins with '@{[ substr $_, 0, 60 ]}'")
      if !/\ADBI::ProfileDumper\s+[\d.]+/;
    my %header = ( _profiler => $_ );
    while ( defined( $_ = <$in> ) ) {
        _chomp();
        last if !length $_;
        my ( $field, $value ) = /\A(\S+)\s*=\s*(.*)\z/s or Carp::croak("$name line $.: '$_' is no field of a profile's header");
        $header{$field} = $value =~ /\A\[\s*(.*?)\s*\]\z/s ? [ map { _unquoted($_) } split /\s*,\s*/, $1 ] : _unescaped($value);
    }
    return \%header;
}

sub _unquoted { my ($text) = @_; return _unescaped( $text =~ /\A(['"])(.*)\1\z/s ? $2 : $text ) }

my %ESCAPED = ( n => "\n", r => "\r", '\\' => '\\' );

sub _unescaped { my ($text) = @_; $text =~ s/\\([nr\\])/$ESCAPED{$1}/g; return $text }

sub _add {
    my ( $self, $found, $path, $leaf ) = @_;
    $self->{Filter}->( $path, $leaf ) if $self->{Filter};
    my $key = join "\0", map { length() . ":$_" } @$path;
    my $node = $found->{$key};
    if ( !$node ) {
        push @{ $self->{_nodes} }, $found->{$key} = [ @$leaf, @$path ];
        return;
    }
    my @sum = @$node[ 0 .. $KEYS - 1 ];
    CPANBridge::Compat::DBI::Profiling::merge( \@sum, $leaf );
    @$node[ 0 .. $KEYS - 1 ] = @sum;
    return;
}

# --- looking at the data --------------------------------------------------------------------------------------------

sub header { my ($self) = @_; return $self->{_header} }

sub nodes { my ($self) = @_; return $self->{_nodes} }

sub count { my ($self) = @_; return scalar @{ $self->{_nodes} } }

sub clone {
    my ($self) = @_;
    my $header = $self->{_header};
    my %copied = map { $_ => ref $header->{$_} ? [ @{ $header->{$_} } ] : $header->{$_} } keys %{ $header || {} };
    return bless { %$self, _header => \%copied, _nodes => [ map { [@$_] } @{ $self->{_nodes} } ] }, ref $self;
}

sub Data {
    my ($self) = @_;
    my $data = {};
    for my $node ( @{ $self->{_nodes} } ) {
        my ( @leaf, @path );
        ( @leaf[ 0 .. $KEYS - 1 ], @path ) = @$node;
        my $place = \$data;
        for my $key (@path) {
            undef $$place if ref $$place eq 'ARRAY';    # a leaf and a branch have no room in one place: the branch stays
            $place = \$$place->{$key};
        }
        $$place = \@leaf if ref $$place ne 'HASH' || !%$$place;
    }
    return $data;
}

sub sort {
    my ( $self, %wishes ) = @_;
    my $field = $wishes{field};
    Carp::croak('sort needs a field') if !defined $field;
    my ( $at, $number ) = ( $AT{$field}, 1 );
    if ( !defined $at && $field =~ /\Akey([1-9]\d*)\z/ ) { $at = $KEYS - 1 + $1; undef $number }
    Carp::croak( "Can't sort a profile by '$field': the fields are " . join( ', ', sort { $a cmp $b } keys %AT ) . ' and key1, key2...' )
      if !defined $at;
    my $nodes = $self->{_nodes};
    my @ordered = sort { $number ? $b->[$at] <=> $a->[$at] : _by_key( $a->[$at], $b->[$at] ) } @$nodes;
    @$nodes = $wishes{reverse} ? reverse @ordered : @ordered;
    $self->{_sorted} = $wishes{reverse} ? "$field, reversed" : $field;
    return;
}

# Keys that are numbers, like times, in their order, the greatest first as with all fields; other keys by the alphabet.
sub _by_key {
    my ( $one, $other ) = map { defined $_ ? $_ : '' } @_;
    my $number = qr/\A-?\d+(?:\.\d+)?\z/;
    return $other <=> $one if $one =~ $number && $other =~ $number;
    return $one cmp $other;
}

sub exclude { my ( $self, @wishes ) = @_; return _keep( $self, 0, @wishes ) }

sub match { my ( $self, @wishes ) = @_; return _keep( $self, 1, @wishes ) }

sub _keep {
    my ( $self, $those, %wishes ) = @_;
    my $exact = delete $wishes{case_sensitive};
    my ( $key, @other ) = keys %wishes;
    my ($number) = defined $key ? $key =~ /\Akey([1-9]\d*)\z/ : ();
    Carp::croak('match and exclude take one key, key1 or key2 or so, and what it is to be') if !$number || @other;
    my $wanted = $wishes{$key};
    Carp::croak("match and exclude: $key is undefined") if !defined $wanted;
    my $fits = sub {
        my ($text) = @_;
        return 0 if !defined $text;
        return $text =~ $wanted if ref $wanted eq 'Regexp';
        return $exact ? $text eq $wanted : lc $text eq lc $wanted;
    };
    my $nodes = $self->{_nodes};
    @$nodes = grep { !$fits->( $_->[ $KEYS - 1 + $number ] ) == !$those } @$nodes;
    return scalar @$nodes;
}

# --- reports --------------------------------------------------------------------------------------------------------

sub _line { return sprintf "  %-14s: %s\n", @_ }

sub _seconds { my ( $label, $seconds ) = @_; return _line( $label, sprintf '%3.6f seconds', $seconds ) }

sub format {
    my ( $self, $node ) = @_;
    my ( $count, $total, undef, $shortest, $longest ) = @$node;
    my $text = _line( Count => $count );
    $text .=
      $count > 1
      ? _seconds( 'Total Time', $total ) . _seconds( 'Longest Time', $longest ) . _seconds( 'Shortest Time', $shortest ) . _seconds( 'Average Time', $total / $count )
      : _seconds( Time => $total );
    my $number = 0;
    for my $key ( @$node[ $KEYS .. $#$node ] ) {
        $number++;
        $text .= $key =~ /\n/ ? "  Key $number         :\n\n$key\n\n" : _line( "Key $number", $key );
    }
    return $text;
}

sub report {
    my ( $self, %wishes ) = @_;
    my $nodes = $self->{_nodes};
    my $number = $wishes{number};
    $number = @$nodes if !defined $number || $number eq 'all' || $number > @$nodes;
    Carp::croak("report: the number of items must be a number or 'all', not '$number'") if $number !~ /\A\d+\z/;
    my $text = _report_header( $self, $number );
    for my $item ( 1 .. $number ) {
        my $title = "#####[ $item ]";
        $text .= $title . '#' x ( 69 - length $title ) . "\n" . $self->format( $nodes->[ $item - 1 ] ) . "\n";
    }
    return $text;
}

sub _report_header {
    my ( $self, $number ) = @_;
    my $header = $self->{_header} || {};
    my $nodes  = $self->{_nodes};
    my ( $count, $seconds ) = ( 0, 0 );
    for my $node (@$nodes) { $count += $node->[0]; $seconds += $node->[1] }
    my $text = "\nDBI Profile Data ($header->{_profiler})\n\n";
    for my $field ( grep { !/\A_/ } sort keys %$header ) {
        my $value = $header->{$field};
        $text .= _line( $field, ref $value ? '[ ' . join( ', ', @$value ) . ' ]' : $value );
    }
    return
        $text
      . _line( 'Total Records', scalar(@$nodes) . " (showing $number, sorted by $self->{_sorted})" )
      . _line( 'Total Count',   $count )
      . _seconds( 'Total Runtime', $seconds ) . "\n";
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::ProfileData - reads what DBI::ProfileDumper wrote, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    my $profile = DBI::ProfileData->new( File => 'dbi.prof' );
    $profile->exclude( key2 => 'disconnect' );
    $profile->sort( field => 'total' );
    print $profile->report( number => 10 );

=head1 DESCRIPTION

Reads files that L<DBI::ProfileDumper> or its original wrote, one or several, merges records of the same keys, picks, sorts
and reports them. The original's program C<dbiprof> runs with it.

=head1 COVERED

All that the original documents: C<new> with C<File>, C<Files>, C<Filter> and C<DeleteFiles>, and the methods below. C<sort>
knows the fields C<total>, C<longest>, C<shortest>, C<count>, C<first>, C<first_at>, C<last_at> and keys (C<key1>).

=head1 KNOWN DIFFERENCES

A file that is damaged is an error that names the line. With a C<Path> whose keys end in different depths, C<Data> has no room for
a record whose keys are the beginning of another's; C<nodes> has all.

=head1 METHODS

=head2 new

=head2 header

=head2 nodes

=head2 count

=head2 clone

=head2 Data

=head2 sort

=head2 exclude

=head2 match

=head2 format

=head2 report

=head1 SEE ALSO

L<DBI::ProfileDumper>, L<DBI::Profile>

=cut
